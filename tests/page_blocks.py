"""What a page tells its reader to type, block by block, and a folder and service to type it at."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[1]
#: Every page that a reader may come to.
PAGES = [
    *("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "deploy/demo/README.md"),
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")),
]
#: Where pages say that the service is.
URL = "http://127.0.0.1:8000"
_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>not run|file): (?P<told>.+?) -->\n)?^```(?P<language>\w*)\n"
    r"(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_PROGRAMS = {"sh": ("bash", "-euo", "pipefail", "-c"), "python": (sys.executable, "-c")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    mark: Literal["not run", "file"] | None
    #: Why it is not run, or the file that it is.
    told: str

    @property
    def is_run(self) -> bool:
        """Whether it is a program, and not marked as one that cannot run here."""
        return self.language in _PROGRAMS and self.mark is None


def blocks_of(page: Path) -> list[Block]:
    """Every block of a page, in order; one that does not name its language has an empty one."""
    found = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [
        Block(language=one["language"], text=one["text"], mark=one["mark"], told=one["told"] or "")
        for one in found
    ]


def furnish(folder: Path) -> None:
    """Make a folder what a clone is to a reader who types what a page says."""
    shutil.copy(ROOT / "experts.yaml", folder)
    (folder / "deploy").symlink_to(ROOT / "deploy")


async def typed(block: Block, folder: Path, url: str) -> tuple[int, str]:
    """Do what a block says in a folder; its exit code and all that it printed."""
    if block.mark == "file":
        (folder / block.told).write_text(block.text, encoding="utf-8")
        return 0, ""
    process = await asyncio.create_subprocess_exec(
        *_PROGRAMS[block.language],
        block.text.replace(URL, url),
        cwd=folder,
        env=_environment(url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


def _environment(url: str) -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours = {"PATH": programs, "PYTHONPATH": str(ROOT), "ORCHESTRATOR_URL": url, "COLUMNS": "100"}
    return {**os.environ, **ours, "NO_PROXY": "127.0.0.1"}
