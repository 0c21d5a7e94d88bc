"""Frames: sentence patterns with gaps, kept as text files a person can read and extend.

A file has sections, `[form]`, and one frame a line. `[decoy]` holds frames that carry words of
other skills; there a line may start with `form| ` where the gaps alone do not tell the form.
`{trap}` stands for an operand that is itself a word of another skill.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from .facts import QUESTIONS
from .instances import SAMPLERS, SKILLS, Split

DECOY = "decoy"
_TAGGED = re.compile(r"(\w+)\| (.*)")
_HEADER = re.compile(r"\[[\w>]+\]")
_GAP = re.compile(r"\{(\w+)\}")

FORM_GAPS: dict[str, dict[str, frozenset[str]]] = {
    "capitals": {"capital": frozenset({"country"}), "country": frozenset({"capital"})},
    "elements": {"name": frozenset({"symbol"}), "element": frozenset({"number"})},
    "roman": {"to_roman": frozenset({"n"}), "from_roman": frozenset({"r"})},
    "reverse": {"reverse": frozenset({"w"})},
    "sort": {"letters": frozenset({"w"})},
    "units": {"convert": frozenset({"n", "from", "to"})},
    "french": {"translate": frozenset({"w"})},
    "spanish": {"translate": frozenset({"w"})},
    "plurals": {"plural": frozenset({"w"})},
    "logic": {"evaluate": frozenset({"e"})},
}
"""Forms that their gaps alone give away, so that a decoy frame need not name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One sentence pattern of one form of a skill."""

    skill: str
    form: str
    text: str
    is_decoy: bool = False

    @property
    def gaps(self) -> frozenset[str]:
        """The names of the gaps in the text."""
        return frozenset(_GAP.findall(self.text))

    @property
    def is_trap(self) -> bool:
        """Whether the operand has to be a word of another skill."""
        return "trap" in self.gaps


def sections(path: str) -> dict[str, list[str]]:
    """The lines of a frame file by section."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (QUESTIONS / "frames" / path).read_text(encoding="utf-8").splitlines():
        if _HEADER.fullmatch(line):
            current = found.setdefault(line[1:-1], [])
        elif line:
            current.append(line)
    return found


@cache
def load_frames(split: Split, skill: str) -> tuple[Frame, ...]:
    """All frames of a skill, as written.

    Raises:
        ValueError: A section or a decoy names no form of the skill.
    """
    frames: list[Frame] = []
    for section, lines in sections(f"{split}/{skill}.txt").items():
        for line in lines:
            tagged = _TAGGED.fullmatch(line) if section == DECOY else None
            text = tagged[2] if tagged else line
            form = tagged[1] if tagged else section
            if form == DECOY:
                form = _form_of(skill, text)
            if form not in SAMPLERS[skill]:
                raise ValueError(f"frame {line!r} of {skill!r}: no form {form!r}")
            frames.append(Frame(skill=skill, form=form, text=text, is_decoy=section == DECOY))
    return tuple(frames)


def _form_of(skill: str, text: str) -> str:
    gaps = frozenset("w" if gap == "trap" else gap for gap in _GAP.findall(text))
    for form, wanted in FORM_GAPS.get(skill, {}).items():
        if gaps == wanted:
            return form
    raise ValueError(f"decoy {text!r} of {skill!r} must name its form: 'form| text'")


def all_frames(split: Split) -> tuple[Frame, ...]:
    """The frames of every skill."""
    return tuple(frame for skill in SKILLS for frame in load_frames(split, skill))
