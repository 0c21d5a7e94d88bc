"""Carries out what a decomposer wrote: waves of sub-questions, answers in place of references."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from routers.base import RouterError
from routers.subquestions import SubQuestions, read_subquestions

Answerer = Callable[[Sequence[str]], Sequence[str | None]]
"""Answers questions, in order; None where it has none."""


def carried_out(replies: Sequence[str], answer: Answerer) -> list[str | None]:
    """The answer to the last line of each reply; None where it cannot be had."""
    splits = [_read(reply) for reply in replies]
    known: list[dict[int, str]] = [{} for _ in replies]
    longest = max((len(split.questions) for split in splits if split), default=0)
    for _ in range(longest):
        asked = [
            (row, number, split.asked(number, known[row]))
            for row, split in enumerate(splits)
            if split
            for number in _ready(split, known[row])
        ]
        said = answer([text for _, _, text in asked])
        for (row, number, _), text in zip(asked, said, strict=True):
            if text is not None:
                known[row][number] = text
    return [
        known[row].get(len(split.questions)) if split else None for row, split in enumerate(splits)
    ]


def num_lines(reply: str) -> int:
    """How many sub-questions a reply has; none where it cannot be read."""
    split = _read(reply)
    return len(split.questions) if split else 0


def _read(reply: str) -> SubQuestions | None:
    try:
        return read_subquestions(reply)
    except RouterError:
        return None


def _ready(split: SubQuestions, known: dict[int, str]) -> list[int]:
    """What is not answered and needs nothing that is not."""
    return [
        number
        for number, question in enumerate(split.questions, start=1)
        if number not in known and question.needs <= set(known)
    ]
