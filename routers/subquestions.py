"""Sub-questions of a question, each of which may need answers of earlier ones.

A decomposer writes them a line each; `#2` in a later line stands for the answer of the second.
Source: DaSLaM, Juneja 2023, arXiv:2310.18338, where a small model asks and solvers answer. Ours:
the references, by which those that need nothing of one another are answered at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .base import RouterError

#: More than this is no decomposition of one question.
MAX_QUESTIONS = 8
_MAX_CHARS = 1000
_REFERENCE = re.compile(r"(?<![\w#])#([0-9]{1,3})(?![0-9])")
_BULLET = re.compile(r"\A(?:[-*\u2022][ \t]+|\(?[0-9]{1,2}[.):][ \t]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubQuestion:
    """One line of a decomposer."""

    text: str
    #: Numbers of the sub-questions whose answers it needs, from 1.
    needs: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubQuestions:
    """All lines, in order: each needs earlier ones only, so there is no cycle."""

    questions: tuple[SubQuestion, ...]

    def waves(self) -> tuple[tuple[int, ...], ...]:
        """Numbers, from 1, of those that can be asked at the same time, wave after wave."""
        wave_of: dict[int, int] = {}
        for number, question in enumerate(self.questions, start=1):
            wave_of[number] = 1 + max((wave_of[one] for one in question.needs), default=-1)
        return tuple(
            tuple(number for number, wave in wave_of.items() if wave == this)
            for this in range(max(wave_of.values()) + 1)
        )

    def asked(self, number: int, answer_by_number: Mapping[int, str]) -> str:
        """The text of one, with answers in the place of its references.

        An answer is data: what looks like a reference in it stays as it is.

        Args:
            number: from 1.
            answer_by_number: of those that are answered.

        Raises:
            RouterError: there is no such sub-question, or an answer that it needs is missing.
        """
        if not 1 <= number <= len(self.questions):
            raise RouterError(
                f"there is no sub-question #{number}; there are {len(self.questions)}"
            )
        question = self.questions[number - 1]
        if missing := sorted(question.needs - set(answer_by_number)):
            raise RouterError(f"sub-question #{number} needs the answers of {missing}")
        return _REFERENCE.sub(lambda found: answer_by_number[int(found[1])], question.text)


def read_subquestions(reply: str, *, most: int = MAX_QUESTIONS) -> SubQuestions:
    """The sub-questions that a decomposer wrote, a line each; bullets and numbers are left out.

    Args:
        reply: its answer, thinking removed.
        most: sub-questions it may have.

    Raises:
        RouterError: there is none, there are too many, one is too long, or one refers to itself, to
            a later one or to one that is not there.
    """
    lines = [line for raw in reply.splitlines() if (line := raw.strip())]
    if not 1 <= len(lines) <= most:
        raise RouterError(f"the decomposer wrote {len(lines)} sub-questions; 1 to {most} are read")
    return SubQuestions(
        questions=tuple(_read(line, number) for number, line in enumerate(lines, start=1))
    )


def _read(line: str, number: int) -> SubQuestion:
    # Its own number in front cannot be a reference: it is a label.
    text = re.sub(rf"\A#{number}[.):][ \t]+", "", _BULLET.sub("", line, count=1), count=1)
    if not text or len(text) > _MAX_CHARS:
        raise RouterError(
            f"sub-question #{number} has {len(text)} characters; 1 to {_MAX_CHARS} are read"
        )
    needs = frozenset(int(found) for found in _REFERENCE.findall(text))
    if wrong := sorted(one for one in needs if not 1 <= one < number):
        raise RouterError(
            f"sub-question #{number}, {text[:80]!r}, refers to {[f'#{one}' for one in wrong]}; it "
            "may refer to earlier ones only"
        )
    return SubQuestion(text=text, needs=needs)
