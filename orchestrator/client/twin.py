"""Writes the blocking client from the asynchronous one: `python orchestrator/client/twin.py`.

Both are the same but for the waiting, so they are one source: `asynchronous/` is written,
`blocking/` is made of it, word by word, and a test holds it to that.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parent / "asynchronous"
TARGET = Path(__file__).parent / "blocking"
_HEAD = "# Made of asynchronous/{name} by `python orchestrator/client/twin.py`: edit that one.\n"
#: What reads otherwise where nothing is waited for, in this order.
_RULES = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\(await ((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)(?=\.)", r"\1"),
        (r"\bawait ", ""),
        (r"\basync (?=def|with|for)", ""),
        (r"\bAwaitable\[((?:[^\[\]]|\[[^\]]*\])+)\]", r"\1"),
        (r"\bAsyncGenerator\[(\w+), None\]", r"Generator[\1, None, None]"),
        (r"\b__a(enter|exit|iter)__\b", r"__\1__"),
        (r"\ba(closing)\b", r"\1"),
        (r"\.a(read|close|iter_bytes)\(", r".\1("),
        (r"\bimport asyncio\b", "import time"),
        (r"\basyncio\.sleep\b", "time.sleep"),
        (r"\borchestrator\.client\.asynchronous\b", "orchestrator.client.blocking"),
        (r" from an event loop; one pool for its tasks", "; one pool, which threads may share"),
        (r"\bper_loop=True\b", "per_loop=False"),
        (r"\basynchronous client\b", "blocking client"),
        (r"\bAsync(?=[A-Z])", ""),
    )
)
_TIDIED = (
    "check",
    "--fix-only",
    "--unsafe-fixes",
    "--quiet",
    "--select",
    "I,F401,UP028,C416,SIM117",
)
_OURS = ("--config", "lint.isort.known-first-party = ['orchestrator']")


def twin_of(path: Path) -> str:
    """The text of the blocking module that a module of `asynchronous/` stands for."""
    text = path.read_text(encoding="utf-8")
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    text, name = _HEAD.format(name=path.name) + text, str(TARGET / path.name)
    return _ruff("format", "-", name=name, text=_ruff(*_TIDIED, *_OURS, "-", name=name, text=text))


def twins() -> dict[Path, str]:
    """Path of every module of `blocking/` -> the text it has to have."""
    return {TARGET / one.name: twin_of(one) for one in sorted(SOURCE.glob("*.py"))}


def _ruff(*asked: str, name: str, text: str) -> str:
    command = [sys.executable, "-m", "ruff", *asked, "--stdin-filename", name]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    for made, text in twins().items():
        made.write_text(text, encoding="utf-8")
