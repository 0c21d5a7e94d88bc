"""Composes two-skill questions with the sub-questions they split into; none in a held-out frame.

Three ways to ask: the first step's phrase stands in the gap of the last step's frame; the first
step is said, then the last one about `it`; a whole sentence is built around the first step.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Literal
from zlib import crc32

from ...routing.compose import wordings
from ..compose import expand, heldout_frames, normalised, surround, typed
from ..frames import load_frames, sections
from ..instances import SAMPLERS, SKILLS, puzzle_word
from .steps import ASKS, BOTH, FED_GAP, FIRST_STEPS, KINDS, REVERSE, form_of, skill_of

Part = Literal["train", "dev"]
"""Sentence patterns that are trained on, and a tenth that only tells how training does."""

_TEXTS = Path(__file__).parent / "texts"
_HEADER = re.compile(r"\[[a-z_.]+\]")
_GAP = re.compile(r"\{\w+\}")
_CONNECTIVES = (
    ", then ", ". Then ", "; then ", " and then ", ", and then ", " and ", ". Now ",
    ". After that, ",
    ". Next, ", ". ", ", ", "; ", ": ", " - ", ". Finally ", " -> ", ". So ", " to ",
)  # fmt: skip
_PRONOUNS = ("it", "it", "that", "the result", "the answer", "this")
_PLAIN_SHARE = 0.45
_DEV_SHARE = 10


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
        if not is_heldout(draft.pattern):
            return TwoStep(text=_written(draft, rng), skills=draft.skills, lines=draft.lines)


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


def _draft(rng: Random, part: Part) -> Draft:
    last_skill = rng.choice(SKILLS)
    if last_skill == "logic":
        return _claim(rng, part)
    if last_skill == "sums" and rng.random() < 0.75:
        return _of_both(rng, part)
    last = rng.choice([step for step in FIRST_STEPS if skill_of(step) == last_skill])
    first_skill = rng.choice(sorted({skill_of(step) for step in FIRST_STEPS[last]}))
    first = rng.choice([step for step in FIRST_STEPS[last] if skill_of(step) == first_skill])
    build = rng.choice((_nested, _sequence, _sequence, _whole, _whole))
    if build is _whole and not _lines("wholes", last):
        build = _nested
    gap = FED_GAP[last]
    if build is _nested and last_skill == "sums":
        gap = rng.choice("ab")
    gaps = _sampled(last, rng)
    gaps |= _first_gaps(first, gaps[gap], rng)
    pattern = build(first, last, gap, rng, part)
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


def _nested(first: str, last: str, gap: str, rng: Random, part: Part) -> str:
    frame = expand(rng.choice(_of_part(_frames(last), part)), rng)
    return frame.replace("{" + gap + "}", noun_phrase(first, last, rng), 1)


def _sequence(first: str, last: str, gap: str, rng: Random, part: Part) -> str:
    opening = _opening(first, last, rng)
    it = _pronoun(gap, rng)
    steps = _of_part(_lines("last_steps", last) if rng.random() < 0.7 else _frames(last), part)
    then = expand(rng.choice(steps), rng).replace("{it}", it)
    many = rng.choice(("that many", "so many")) if gap == "n" and "{n} " in then else it
    then = then.replace("{" + gap + "}", many, 1)
    connective = rng.choice(_CONNECTIVES)
    if connective[0] in ".":
        then = then[:1].upper() + then[1:] if rng.random() < 0.8 else then
    return _ended(opening.rstrip("?.!:, ") + connective + then, rng)


def _opening(first: str, last: str, rng: Random) -> str:
    draw = rng.random()
    if draw < 0.25:
        return expand(rng.choice(_frames(first)), rng)
    own = _lines("first_steps", first)
    lines = own if own and draw < 0.75 else _lines("first_steps", "any")
    text = expand(rng.choice(lines), rng)
    return text.replace("{np}", noun_phrase(first, last, rng)).replace("{kind}", _kind(last, rng))


def _whole(first: str, last: str, gap: str, rng: Random, part: Part) -> str:
    text = expand(rng.choice(_of_part(_lines("wholes", last), part)), rng)
    if "{ask}" in text:
        ask = expand(rng.choice(_frames(first)), rng).rstrip("?.!: ")
        text = text.replace("{ask}", ask + rng.choice("??."))
    text = text.replace("{np}", noun_phrase(first, last, rng))
    return _ended(text, rng)


def _of_both(rng: Random, part: Part) -> Draft:
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
    pattern = expand(rng.choice(_of_part(_lines("both", section), part)), rng)
    pattern = pattern.replace("{both}", expand(rng.choice(_lines("both", first)), rng))
    phrase = noun_phrase(first, "sums.add", rng)
    other = phrase if rng.random() < 0.8 else noun_phrase(first, "sums.add", rng)
    for name, text in (("x", phrase), ("y", other)):
        pattern = pattern.replace(f"{{np_{name}}}", text.replace("{" + gap + "}", f"{{{name}}}"))
    last = "sums.add" if is_sum else "sums.sub"
    asks = tuple(ASKS[first].format(**{gap: gaps[name]}) for name in "xy")
    lines = (*asks, ASKS[last].format(a="#1", b="#2"))
    skills = (skill_of(first), "sums")
    return Draft(pattern=_ended(pattern, rng), gaps=gaps, skills=skills, lines=lines)


def _claim(rng: Random, part: Part) -> Draft:
    """A statement that is true or false once its first step is answered."""
    first = rng.choice(("sums.add", "sums.add", "sums.sub", "capitals.capital"))
    instance = SAMPLERS[skill_of(first)][form_of(first)](rng, "train")
    other = SAMPLERS[skill_of(first)][form_of(first)](rng, "train")
    value = rng.choice((instance, other)).answer
    section = "capital" if first == "capitals.capital" else "value"
    claim = expand(rng.choice(_lines("claims", section)), rng)
    claim = claim.replace("{np}", noun_phrase(first, "logic.claim", rng))
    pattern = expand(rng.choice(_of_part(_lines("claims", "frame"), part)), rng)
    gaps = {**instance.gaps, "value": value}
    lines = (ASKS[first].format(**gaps), ASKS["logic.claim"].format(a="#1", b=value))
    skills = (skill_of(first), "logic")
    return Draft(pattern=pattern.replace("{claim}", claim), gaps=gaps, skills=skills, lines=lines)


def noun_phrase(first: str, last: str, rng: Random) -> str:
    """What the first step asks for, as a phrase that can stand in a sentence."""
    text = expand(rng.choice(_lines("noun_phrases", first)), rng)
    return text.replace("{kind}", _kind(last, rng))


def _kind(last: str, rng: Random) -> str:
    return rng.choice(KINDS.get(FED_GAP.get(last, "w"), KINDS["w"]))


def _pronoun(gap: str, rng: Random) -> str:
    kind = rng.choice(KINDS[gap]) if gap in KINDS else "number"
    return rng.choice((*_PRONOUNS, f"that {kind}", f"the {kind}", f"this {kind}"))


def _ended(text: str, rng: Random) -> str:
    """A first letter and an end as most sentences have them."""
    if rng.random() < 0.75 and text[0] != "{":
        text = text[0].upper() + text[1:]
    if text[-1] in "?.!:":
        return text
    is_question = text.lower().startswith(("what", "which", "how", "where"))
    return text + rng.choice(("?", "?", "?", "") if is_question else (".", ".", "?", ""))


def _written(draft: Draft, rng: Random) -> str:
    if rng.random() < _PLAIN_SHARE:
        return _GAP.sub(lambda found: draft.gaps[found[0][1:-1]], draft.pattern)
    return surround(typed(draft.pattern, dict(draft.gaps), rng), rng)


@cache
def _frames(step: str) -> tuple[str, ...]:
    """Sentence patterns that experts and router are trained on, for one form."""
    skill = skill_of(step)
    known = (*load_frames("train", skill), *wordings(skill))
    return tuple(
        frame.text
        for frame in known
        if frame.form == form_of(step) and not frame.is_decoy and "{nth}" not in frame.text
    )


@cache
def _lines(name: str, section: str) -> tuple[str, ...]:
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


def _of_part(lines: tuple[str, ...] | list[str], part: Part) -> list[str]:
    """The lines of a part; where one has none, all."""
    chosen = [line for line in lines if (crc32(line.encode()) % _DEV_SHARE == 0) == (part == "dev")]
    return chosen or list(lines)
