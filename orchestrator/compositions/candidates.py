"""Answers among which one is to be chosen: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.compositions.stages import CallDone
from orchestrator.engines.answer import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One answer, and who gave it first."""

    expert: str
    choice: Choice
    #: How often it was given, word for word.
    times: int = 1

    @property
    def text(self) -> str:
        """What it says."""
        return self.choice.text.strip()


def candidates_of(calls: Sequence[CallDone]) -> tuple[Candidate, ...]:
    """What was answered, each once: what was given most often first, then what came first.

    So that whoever takes the first of equals takes what most say. What says nothing is no answer.
    """
    given: dict[str, list[Candidate]] = {}
    for call in calls:
        for choice in call.choices:
            if text := choice.text.strip():
                given.setdefault(text, []).append(Candidate(expert=call.expert, choice=choice))
    each = [
        Candidate(expert=own[0].expert, choice=own[0].choice, times=len(own))
        for own in given.values()
    ]
    return tuple(sorted(each, key=lambda one: -one.times))


def num_given(candidates: Sequence[Candidate]) -> int:
    """Answers that say anything, repeated ones as well."""
    return sum(one.times for one in candidates)
