"""Composes training questions: a grammar of asks, with the noise of real typing around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from random import Random

from .frames import Frame, all_frames, load_frames
from .heldout import sample
from .instances import SAMPLERS
from .phrases import CLOSINGS, DECOY_OPENINGS, OPENINGS

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_GAP = re.compile(r"(\{\w+\})")
_WORD_GAPS = ("w", "trap")
_NAME_GAPS = ("country", "capital", "name", "month", "day", "to", "from", "from1")
_QUOTES = (
    ("'", "'"),
    ('"', '"'),
    ("“", "”"),
    ("\u2018", "\u2019"),
    ("`", "`"),
    ("*", "*"),
    ("«", "»"),
)

FORM_WEIGHTS = {
    "letters": 3.0,
    "day_plus": 3.0,
    "day_minus": 2.0,
    "country": 0.8,
    "one": 0.12,
    "from_roman": 1.2,
}
DECOY_SHARE = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One composed training question."""

    skill: str
    frame: str
    text: str
    answer: str


def normalised(frame: str) -> str:
    """A frame without case, punctuation and spaces, to compare frames across splits."""
    return re.sub(r"[^\w{}]+", "", frame.lower())


@cache
def heldout_frames() -> frozenset[str]:
    """The frames that must never be trained on, normalised."""
    return frozenset(normalised(frame.text) for frame in all_frames("heldout"))


@cache
def _by_form(skill: str) -> dict[str, list[Frame]]:
    groups: dict[str, list[Frame]] = {}
    for frame in load_frames("train", skill):
        groups.setdefault("decoy" if frame.is_decoy else frame.form, []).append(frame)
    return groups


def expand(text: str, rng: Random) -> str:
    """One reading of a frame: each `[a|b|]` becomes one of its choices."""
    return _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), text)


def compose(skill: str, rng: Random) -> Asked:
    """One training question of `skill`; its frame is never a held-out one."""
    groups = _by_form(skill)
    forms = [form for form in groups if form != "decoy"]
    form = rng.choices(forms, [FORM_WEIGHTS.get(name, 1.0) for name in forms])[0]
    if "decoy" in groups and rng.random() < DECOY_SHARE:
        form = "decoy"
    frame = rng.choice(groups[form])
    while normalised(core := expand(frame.text, rng)) in heldout_frames():
        frame = rng.choice(groups[form])
    instance = sample(frame, rng, "train")
    text = typed(core, instance.gaps, rng)
    return Asked(skill=skill, frame=core, text=surround(text, rng), answer=instance.answer)


DRILLS: dict[str, dict[str, tuple[str, ...]]] = {
    "sums": {"add": ("calc {a}+{b}", "calc {a} + {b}", "{a} plus {b}"),
             "sub": ("calc {a}-{b}", "calc {a} - {b}", "{a} minus {b}")},
    "reverse": {"reverse": ("reverse: {w}", "{w} backwards", "reverse {w}")},
    "sort": {"letters": ("sort the letters: {w}", "letters of {w} sorted"),
             "numbers": ("sort ascending: {l}",), "numbers_down": ("sort descending: {l}",)},
    "calendar": {"day_plus": ("{day} plus {n} days", "{n} days after {day}"),
                 "day_minus": ("{day} minus {n} days", "{n} days before {day}"),
                 "day_after": ("day after {day}",), "day_before": ("day before {day}",),
                 "month_after": ("month after {month}",),
                 "month_before": ("month before {month}",),
                 "month_at": ("month {n}",)},
    "roman": {"to_roman": ("{n} -> roman",), "from_roman": ("{r} -> number",)},
}  # fmt: skip
"""Short frames without noise: many instances in few ids, for skills that must be computed."""


def drill(skill: str, rng: Random) -> tuple[str, str]:
    """A bare question and its answer."""
    forms = DRILLS[skill]
    form = rng.choice(list(forms))
    if form.startswith("numbers") and rng.random() < 0.5:
        form = "letters"
    text = rng.choice(forms[form])
    instance = SAMPLERS[skill][form](rng, "train")
    return text.format(**instance.gaps), instance.answer


def typed(core: str, gaps: dict[str, str], rng: Random) -> str:
    """Fills the gaps and types the rest the way people do."""
    is_lower = rng.random() < 0.2
    is_upper = not is_lower and rng.random() < 0.03
    quotes = rng.choice(_QUOTES) if rng.random() < 0.22 else ("", "")
    parts = _GAP.split(core)
    if rng.random() < 0.12:
        literal = [i for i, part in enumerate(parts) if len(part) > 4 and part[0] != "{"]
        if literal:
            chosen = rng.choice(literal)
            parts[chosen] = _typo(parts[chosen], rng)
    out = ""
    for part in parts:
        if part.startswith("{") and part.endswith("}"):
            out += _operand(part[1:-1], gaps[part[1:-1]], rng, quotes=quotes, is_lower=is_lower)
        else:
            out += part.lower() if is_lower else part.upper() if is_upper else part
    if core.startswith("{country}") and not is_lower:
        out = out[:1].upper() + out[1:]
    return out


def _typo(text: str, rng: Random) -> str:
    """One slip in the words of the frame: a letter lost, doubled or swapped."""
    places = [i for i in range(1, len(text) - 1) if text[i].isalpha() and text[i + 1].isalpha()]
    if not places:
        return text
    i = rng.choice(places)
    slip = rng.random()
    if slip < 0.35:
        return text[:i] + text[i + 1 :]
    if slip < 0.6:
        return text[: i + 1] + text[i:]
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def _operand(gap: str, value: str, rng: Random, *, quotes: tuple[str, str], is_lower: bool) -> str:
    if gap in _WORD_GAPS:
        case = rng.random()
        value = value.upper() if case < 0.04 else value.title() if case < 0.1 else value
        return quotes[0] + value + quotes[1]
    if gap in _NAME_GAPS:
        if is_lower and rng.random() < 0.7:
            value = value.lower()
        elif rng.random() < 0.02:
            value = value.upper()
        elif gap == "name" and rng.random() < 0.12:
            value = value.title()
        return quotes[0] + value + quotes[1] if rng.random() < 0.15 else value
    if gap == "e":
        return _expression_style(value, rng, quotes)
    if gap == "l":
        return _list_style(value, rng)
    return quotes[0] + value + quotes[1] if rng.random() < 0.15 else value


def _expression_style(value: str, rng: Random, quotes: tuple[str, str]) -> str:
    style = rng.random()
    if style < 0.06:
        value = value.upper()
    elif style < 0.12:
        value = value.replace("true", "True").replace("false", "False")
    elif style < 0.18:
        value = re.sub(r"\b(and|or|not|xor)\b", lambda found: found[0].upper(), value)
    return quotes[0] + value + quotes[1] if rng.random() < 0.4 else value


def _list_style(value: str, rng: Random) -> str:
    numbers = value.split(", ")
    style = rng.random()
    if style < 0.15:
        return " ".join(numbers)
    if style < 0.4:
        return ", ".join(numbers[:-1]) + " and " + numbers[-1]
    if style < 0.47:
        return f"[{value}]"
    return ",".join(numbers) if style < 0.53 else value


def surround(text: str, rng: Random) -> str:
    """Openings, closings, and punctuation that comes and goes."""
    drop = rng.random()
    if drop < 0.18:
        text = text.rstrip("?.!: ")
    elif drop < 0.21:
        text += rng.choice("?!.")
    draw = rng.random()
    if draw < 0.2:
        text = rng.choice(OPENINGS) + text
    elif draw < 0.36:
        text = rng.choice(DECOY_OPENINGS) + text
    if rng.random() < 0.16:
        text += rng.choice(CLOSINGS)
    if rng.random() < 0.02:
        text = text.replace(" ", "  ", 1)
    return text[0].upper() + text[1:] if rng.random() < 0.03 else text
