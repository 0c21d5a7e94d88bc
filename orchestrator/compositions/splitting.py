"""What comes of a decomposer's reply: which sub-questions are asked, and when. Pure.

Source: DaSLaM, Juneja 2023, arXiv:2310.18338. Ours: sub-questions that need nothing of one another
are asked together, and where the last one's answer is the answer, only what it needs is asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from routers.base import RouterError
from routers.subquestions import SubQuestions, read_subquestions

#: Signs at the end that make no other question.
_ENDS = " \t?.!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A question in parts."""

    questions: SubQuestions
    #: Numbers, from 1, of those that are asked together, wave after wave.
    waves: tuple[tuple[int, ...], ...]
    #: Of the one whose answer is the answer, asked after all others; `None` where all are parts.
    last: int | None

    @property
    def num_calls(self) -> int:
        """What it takes to answer: all parts, and the call that makes the answer."""
        return sum(len(wave) for wave in self.waves) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A question that stays in one piece."""

    #: For people.
    why: str
    #: Whether the decomposer did not do what it was asked.
    is_fault: bool


def split_of(reply: str, *, message: str, most: int, ends_with_last: bool) -> Split | Whole:
    """How a question is asked in parts.

    Args:
        reply: what the decomposer wrote, thinking removed.
        message: the question.
        most: sub-questions that are followed.
        ends_with_last: the answer of the last sub-question is that of the question.
    """
    try:
        found = read_subquestions(reply, most=most)
    except RouterError as error:
        return Whole(why=str(error), is_fault=True)
    if len(found.questions) == 1 and _plain(found.questions[0].text) == _plain(message):
        return Whole(why="the decomposer left the question whole", is_fault=False)
    if not ends_with_last:
        return Split(questions=found, waves=found.waves(), last=None)
    last = len(found.questions)
    asked = _needed_by(last, found) - {last}
    waves = (tuple(one for one in wave if one in asked) for wave in found.waves())
    return Split(questions=found, waves=tuple(wave for wave in waves if wave), last=last)


def _needed_by(number: int, found: SubQuestions) -> frozenset[int]:
    """A sub-question with all whose answers it rests on."""
    needed, left = set[int](), {number}
    while left:
        needed |= left
        left = {need for one in left for need in found.questions[one - 1].needs} - needed
    return frozenset(needed)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold().rstrip(_ENDS)
