"""Sentences that ask for two steps at once, from the lines of the grammar.

Three ways: the first step's phrase stands in the gap of the last step's frame; the first step is
said, then the last one about `it`; a whole sentence is built around the first step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ..compose import expand
from .lines import Part, frames_of, lines_of, of_part
from .steps import FED_GAP, KINDS

_CONNECTIVES = (
    ", then ", ". Then ", "; then ", " and then ", ", and then ", " and ", ". Now ",
    ". After that, ",
    ". Next, ", ". ", ", ", "; ", ": ", " - ", ". Finally ", " -> ", ". So ", " to ",
)  # fmt: skip
_PRONOUNS = ("it", "it", "that", "the result", "the answer", "this")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Two steps; the answer of the first fills a gap of the last."""

    first: str
    last: str
    gap: str


def picked(lines: Sequence[str], part: Part, rng: Random) -> str | None:
    """One reading of one of the lines; nothing where the part has none of them."""
    chosen = of_part(lines, part)
    return expand(rng.choice(chosen), rng) if chosen else None


def nested(chain: Chain, rng: Random, part: Part) -> str | None:
    """The last step's frame with the first step's phrase in its gap."""
    frame = picked(frames_of(chain.last), part, rng)
    if frame is None:
        return None
    return frame.replace("{" + chain.gap + "}", noun_phrase(chain.first, chain.last, rng), 1)


def sequence(chain: Chain, rng: Random, part: Part) -> str | None:
    """The first step, and then the last one about `it`."""
    opening = _opening(chain.first, chain.last, rng)
    it = _pronoun(chain.gap, rng)
    last, gap = chain.last, chain.gap
    then = picked(
        lines_of("last_steps", last) if rng.random() < 0.7 else frames_of(last), part, rng
    )
    if then is None:
        return None
    then = then.replace("{it}", it)
    many = rng.choice(("that many", "so many")) if gap == "n" and "{n} " in then else it
    then = then.replace("{" + gap + "}", many, 1)
    connective = rng.choice(_CONNECTIVES)
    if connective.startswith(".") and rng.random() < 0.8:
        then = then[:1].upper() + then[1:]
    return ended(opening.rstrip("?.!:, ") + connective + then, rng)


def _opening(first: str, last: str, rng: Random) -> str:
    draw = rng.random()
    if draw < 0.25:
        return expand(rng.choice(frames_of(first)), rng)
    own = lines_of("first_steps", first)
    lines = own if own and draw < 0.75 else lines_of("first_steps", "any")
    text = expand(rng.choice(lines), rng)
    return text.replace("{np}", noun_phrase(first, last, rng)).replace("{kind}", _kind(last, rng))


def whole(chain: Chain, rng: Random, part: Part) -> str | None:
    """A sentence made around the first step's phrase, or around its own question."""
    text = picked(lines_of("wholes", chain.last), part, rng)
    if text is None:
        return None
    if "{ask}" in text:
        ask = expand(rng.choice(frames_of(chain.first)), rng).rstrip("?.!: ")
        text = text.replace("{ask}", ask + rng.choice("??."))
    text = text.replace("{np}", noun_phrase(chain.first, chain.last, rng))
    return ended(text, rng)


def noun_phrase(first: str, last: str, rng: Random) -> str:
    """What the first step asks for, as a phrase that can stand in a sentence."""
    text = expand(rng.choice(lines_of("noun_phrases", first)), rng)
    return text.replace("{kind}", _kind(last, rng))


def _kind(last: str, rng: Random) -> str:
    return rng.choice(KINDS.get(FED_GAP.get(last, "w"), KINDS["w"]))


def _pronoun(gap: str, rng: Random) -> str:
    kind = rng.choice(KINDS[gap]) if gap in KINDS else "number"
    return rng.choice((*_PRONOUNS, f"that {kind}", f"the {kind}", f"this {kind}"))


def ended(text: str, rng: Random) -> str:
    """A first letter and an end as most sentences have them."""
    if rng.random() < 0.75 and text[0] != "{":
        text = text[0].upper() + text[1:]
    if text[-1] in "?.!:":
        return text
    is_question = text.lower().startswith(("what", "which", "how", "where"))
    return text + rng.choice(("?", "?", "?", "") if is_question else (".", ".", "?", ""))
