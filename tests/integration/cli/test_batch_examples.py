"""Every example of docs/batches.md about the service is run as it stands there."""

import asyncio
import os
import re
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.batch_desk import Desk, lines
from tests.served import Service, running

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "batches.md").read_text(encoding="utf-8")
URL = "http://127.0.0.1:8000"
#: What reads the service at `URL`; other examples have tests beside what they are of.
CONSOLE = [
    block
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.S)
    if "orchestrator batch run" not in block
]
PYTHON = [
    block for block in re.findall(r"```python\n(.*?)```", PAGE, re.S) if f'Client("{URL}")' in block
]


@asynccontextmanager
async def service(folder: Path):
    """Runs a program where the examples' file lies, on a service where they say it is."""
    (folder / "questions.jsonl").write_bytes(lines(12))
    desk = Desk()
    async with desk, running(Service(batches=desk.office, storage=desk.storage)) as url:

        async def run(*program: str) -> tuple[int, str]:
            process = await asyncio.create_subprocess_exec(
                *(part.replace(URL, url) for part in program),
                cwd=folder,
                env=_environment(url),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            out, _ = await process.communicate()
            return process.returncode or 0, out.decode()

        yield run


def _environment(url: str) -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours = {"PATH": programs, "PYTHONPATH": str(ROOT), "ORCHESTRATOR_URL": url}
    return {**os.environ, **ours, "NO_PROXY": "127.0.0.1"}


def commands_of(block: str) -> str:
    return "\n".join(line.removeprefix("$ ") for line in block.splitlines() if line[:2] == "$ ")


def test_there_are_examples():
    assert len(CONSOLE) >= 5
    assert len(PYTHON) >= 2


async def test_every_command_of_the_page_ends_well(tmp_path):
    script = "\n".join(["set -euo pipefail", *map(commands_of, CONSOLE)])
    async with service(tmp_path) as run:
        code, out = await run("bash", "-c", script)

    assert code == 0, out
    assert len((tmp_path / "answers.jsonl").read_text().splitlines()) == 12
    assert (tmp_path / "plan.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "timeline.html").exists()
    assert "data: [DONE]" in out


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
async def test_every_python_example_of_the_page_ends_well(block, tmp_path):
    async with service(tmp_path) as run:
        code, out = await run(sys.executable, "-c", block)

    assert code == 0, out
    assert "completed" in out
