"""Patterns that roles never learn from: those that questions are measured in."""

from __future__ import annotations

import re
from functools import cache

from ..compose import heldout_frames, normalised
from ..frames import sections

_GAP = re.compile(r"\{\w+\}")


def is_heldout(pattern: str) -> bool:
    """Whether a pattern is a held-out frame, or has a two-skill one anywhere inside."""
    bare = _anonymous(pattern)
    return bare in _heldout_one_skill() or any(frame in bare for frame in _heldout_two_skill())


def _anonymous(pattern: str) -> str:
    return _GAP.sub("{}", normalised(pattern))


@cache
def _heldout_one_skill() -> frozenset[str]:
    return frozenset(_GAP.sub("{}", frame) for frame in heldout_frames())


@cache
def _heldout_two_skill() -> tuple[str, ...]:
    lines = sections("heldout/two_skill.txt").values()
    return tuple(_anonymous(line) for some in lines for line in some)
