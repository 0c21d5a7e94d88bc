"""A question of several options without those that nobody chose: pure.

Source: filtering choices in Divide and Conquer, Meng 2024, arXiv:2401.05190 (`routers/choices.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from routers.answers import extract
from routers.choices import options_of, unchosen, without


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """A question with fewer options, which keep their letters."""

    question: str
    #: Those that are left, each with its letter.
    choices: tuple[str, ...]


def narrowed(question: str, answers: Sequence[str]) -> Narrowed | None:
    """The question among the options that these answers chose.

    `None` where it has no lettered options, or the answers leave none out or fewer than two.

    Args:
        question: as it was asked.
        answers: what was written.
    """
    options = options_of(question)
    dropped = unchosen(options, [extract(text, "option") for text in answers])
    if not dropped:
        return None
    kept = tuple(f"{one.letter}. {one.text}" for one in options if one.letter not in dropped)
    return Narrowed(question=without(question, dropped), choices=kept)
