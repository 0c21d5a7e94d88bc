"""Grades what a model wrote to a question by the question's right answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from .answers import AnswerKind, extract, is_right
from .base import RouterError
from .datasets import Example
from .rows import Faults

_KINDS: tuple[AnswerKind, ...] = get_args(AnswerKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What was read of a reply."""

    #: In its canonical spelling; `None` where none could be read.
    answer: str | None
    #: 1 where it is one of the right ones, else 0; NaN where it was not graded.
    score: float


def grade(text: str, example: Example, *, grader: AnswerKind | None = None) -> Grade:
    """The answer of a reply and whether it is right.

    Args:
        text: what a model wrote.
        example: the question, as `check_gradable` lets it pass.
        grader: of questions that name none.
    """
    kind = example.grader or grader
    assert kind is not None
    assert example.gold is not None
    answer = extract(text, kind)
    golds = (example.gold, *example.accepted)
    return Grade(answer=answer, score=float(any(is_right(answer, gold, kind) for gold in golds)))


def read_only(text: str, example: Example, *, grader: AnswerKind | None = None) -> Grade:
    """The answer of a reply, which nobody grades.

    Args:
        text: what a model wrote.
        example: the question.
        grader: of questions that name none; text by default.
    """
    return Grade(answer=extract(text, example.grader or grader or "text"), score=math.nan)


def grader_of(name: str | None) -> AnswerKind | None:
    """The kind of answer of this name.

    Raises:
        RouterError: there is none.
    """
    found = next((kind for kind in _KINDS if kind == name), None)
    if name is not None and found is None:
        raise RouterError(f"{name!r} is no kind of answer; known: {sorted(_KINDS)}")
    return found


def check_gradable(
    examples: Sequence[Example], *, grader: AnswerKind | None, source: Sequence[Path]
) -> None:
    """Refuse questions whose answers could not be graded, before anybody is asked.

    Args:
        examples: the questions.
        grader: of questions that name none.
        source: where they come from, for the message.

    Raises:
        RouterError: some have no right answer, no kind of it, or one of another kind.
    """
    faults = Faults(source)
    for example in examples:
        if fault := _fault(example, example.grader or grader):
            faults.add(example.place, fault)
    faults.refuse()


def _fault(example: Example, kind: AnswerKind | None) -> str | None:
    if example.gold is None:
        return "has no right answer: 'gold' or 'answer'"
    if kind is None:
        return (
            f"nobody says what the answer {example.gold[:40]!r} is graded as: give the column "
            f"'grader', or one for all; known: {sorted(_KINDS)}"
        )
    try:
        for gold in (example.gold, *example.accepted):
            is_right(None, gold, kind)
    except RouterError as exc:
        return str(exc)
    return None
