"""Composes two-skill questions with the sub-questions they split into; none in a held-out frame."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from ..compose import expand, surround, typed
from ..instances import SAMPLERS, SKILLS, puzzle_word
from .lines import Part, lines_of
from .reserved import is_heldout
from .sentences import Chain, ended, nested, noun_phrase, picked, sequence, whole
from .steps import ASKS, BOTH, FED_GAP, FIRST_STEPS, REVERSE, form_of, skill_of

_GAP = re.compile(r"\{\w+\}")
_PLAIN_SHARE = 0.45


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoStep:
    """A question of two skills: which, in order of use, and the sub-questions, one a line."""

    text: str
    skills: tuple[str, str]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A question before its gaps are filled."""

    pattern: str
    gaps: Mapping[str, str]
    skills: tuple[str, str]
    lines: tuple[str, ...]


def two_step(rng: Random, part: Part = "train") -> TwoStep:
    """One question, typed the way people type."""
    while True:
        draft = _draft(rng, part)
        if draft is not None and not is_heldout(draft.pattern):
            return TwoStep(text=_written(draft, rng), skills=draft.skills, lines=draft.lines)


def _draft(rng: Random, part: Part) -> Draft | None:
    """Nothing where the part has no line for what was drawn."""
    last_skill = rng.choice(SKILLS)
    if last_skill == "logic":
        return _claim(rng, part)
    if last_skill == "sums" and rng.random() < 0.75:
        return _of_both(rng, part)
    last = rng.choice([step for step in FIRST_STEPS if skill_of(step) == last_skill])
    first_skill = rng.choice(sorted({skill_of(step) for step in FIRST_STEPS[last]}))
    first = rng.choice([step for step in FIRST_STEPS[last] if skill_of(step) == first_skill])
    build = rng.choice((nested, sequence, sequence, whole, whole))
    if build is whole and not lines_of("wholes", last):
        build = nested
    gap = FED_GAP[last]
    if build is nested and last_skill == "sums":
        gap = rng.choice("ab")
    gaps = _sampled(last, rng)
    gaps |= _first_gaps(first, gaps[gap], rng)
    pattern = build(Chain(first=first, last=last, gap=gap), rng, part)
    if pattern is None:
        return None
    lines = (ASKS[first].format(**gaps), ASKS[last].format(**{**gaps, gap: "#1"}))
    return Draft(pattern=pattern, gaps=gaps, skills=(first_skill, last_skill), lines=lines)


def _sampled(step: str, rng: Random) -> dict[str, str]:
    return dict(SAMPLERS[skill_of(step)][form_of(step)](rng, "train").gaps)


def _first_gaps(first: str, wanted: str, rng: Random) -> dict[str, str]:
    """Values of the first step; what is to be reversed is at times what the last step needs."""
    if first != REVERSE:
        return _sampled(first, rng)
    is_apt = wanted.isalpha() and rng.random() < 0.5
    word = wanted.lower() if is_apt else puzzle_word(rng, "train", max_letters=10)
    return {"w": word[::-1]}


def _of_both(rng: Random, part: Part) -> Draft | None:
    """Two answers of one skill, added or subtracted."""
    first = rng.choice(list(BOTH))
    is_sum = rng.random() < 0.75
    gap, values = BOTH[first], (_sampled(first, rng), _sampled(first, rng))
    gaps = {"x": values[0][gap], "y": values[1][gap]}
    special = {"calendar.month_days": "month_days", "elements.number": "protons"}.get(first)
    if special and is_sum and rng.random() < 0.35:
        section = special
    else:
        section = rng.choice(("", "pair_")) + ("add" if is_sum else "sub")
    pattern = picked(lines_of("both", section), part, rng)
    if pattern is None:
        return None
    pattern = pattern.replace("{both}", expand(rng.choice(lines_of("both", first)), rng))
    phrase = noun_phrase(first, "sums.add", rng)
    other = phrase if rng.random() < 0.8 else noun_phrase(first, "sums.add", rng)
    for name, text in (("x", phrase), ("y", other)):
        pattern = pattern.replace(f"{{np_{name}}}", text.replace("{" + gap + "}", f"{{{name}}}"))
    last = "sums.add" if is_sum else "sums.sub"
    asks = tuple(ASKS[first].format(**{gap: gaps[name]}) for name in "xy")
    lines = (*asks, ASKS[last].format(a="#1", b="#2"))
    skills = (skill_of(first), "sums")
    return Draft(pattern=ended(pattern, rng), gaps=gaps, skills=skills, lines=lines)


def _claim(rng: Random, part: Part) -> Draft | None:
    """A statement that is true or false once its first step is answered."""
    first = rng.choice(("sums.add", "sums.add", "sums.sub", "capitals.capital"))
    instance = SAMPLERS[skill_of(first)][form_of(first)](rng, "train")
    other = SAMPLERS[skill_of(first)][form_of(first)](rng, "train")
    value = rng.choice((instance, other)).answer
    section = "capital" if first == "capitals.capital" else "value"
    claim = expand(rng.choice(lines_of("claims", section)), rng)
    claim = claim.replace("{np}", noun_phrase(first, "logic.claim", rng))
    pattern = picked(lines_of("claims", "frame"), part, rng)
    if pattern is None:
        return None
    gaps = {**instance.gaps, "value": value}
    lines = (ASKS[first].format(**gaps), ASKS["logic.claim"].format(a="#1", b=value))
    skills = (skill_of(first), "logic")
    return Draft(pattern=pattern.replace("{claim}", claim), gaps=gaps, skills=skills, lines=lines)


def _written(draft: Draft, rng: Random) -> str:
    if rng.random() < _PLAIN_SHARE:
        return _GAP.sub(lambda found: draft.gaps[found[0][1:-1]], draft.pattern)
    return surround(typed(draft.pattern, dict(draft.gaps), rng), rng)
