"""Lines of the grammar that roles learn from, and which of them are trained on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal
from zlib import crc32

from ...routing.compose import wordings
from ..frames import load_frames
from .steps import form_of, skill_of

Part = Literal["train", "dev"]
"""Sentence patterns that are trained on, and a tenth that only tells how training does."""

_TEXTS = Path(__file__).parent / "texts"
_HEADER = re.compile(r"\[[a-z_.]+\]")
_DEV_SHARE = 10


@cache
def frames_of(step: str) -> tuple[str, ...]:
    """Sentence patterns that experts and router are trained on, for one form."""
    skill = skill_of(step)
    known = (*load_frames("train", skill), *wordings(skill))
    return tuple(
        frame.text
        for frame in known
        if frame.form == form_of(step) and not frame.is_decoy and "{nth}" not in frame.text
    )


@cache
def lines_of(name: str, section: str) -> tuple[str, ...]:
    """The lines of a section of `texts/<name>.txt`; none where it has no such section."""
    return _sections(name).get(section, ())


@cache
def _sections(name: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (_TEXTS / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if _HEADER.fullmatch(line):
            current = found.setdefault(line[1:-1], [])
        else:
            current.append(line)
    return {section: tuple(lines) for section, lines in found.items()}


def of_part(lines: Sequence[str], part: Part) -> list[str]:
    """The lines of a part: all are trained on where none would be left."""
    apart = [line for line in lines if crc32(line.encode()) % _DEV_SHARE == 0]
    if part == "dev":
        return apart if len(apart) < len(lines) else []
    return [line for line in lines if line not in apart] or list(lines)
