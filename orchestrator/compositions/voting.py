"""What samples say together: who wins, and whether more of them could change it.

Pure. Source: self-consistency, Wang 2022, arXiv:2203.11171. Ours: experts' votes may be weighed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.compositions.stages import CallDone
from orchestrator.engines.answer import Choice
from orchestrator.registry.composition_entry import AnswerKind
from routers.answers import extract
from routers.votes import Ballot, hold_vote

#: Sums of weights that are closer are equal.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One answer of one expert, read."""

    expert: str
    choice: Choice
    #: Canonical; `None` where none can be read.
    answer: str | None


def samples_of(calls: Sequence[CallDone], kind: AnswerKind) -> tuple[Sample, ...]:
    """The answers of calls, in order; what says nothing at all is none."""
    return tuple(
        Sample(expert=call.expert, choice=choice, answer=extract(choice.text, kind))
        for call in calls
        for choice in call.choices
        if choice.text.strip()
    )


def winner(samples: Sequence[Sample], weight_by_expert: Mapping[str, float]) -> Sample:
    """The first sample that holds the answer with most weight; the first where none is readable.

    Of two answers with equal weight the one that was given first wins.
    """
    vote = hold_vote(
        [
            Ballot(expert=one.expert, answer=one.answer, weight=weight_by_expert[one.expert])
            for one in samples
        ]
    )
    return next(one for one in samples if vote.answer is None or one.answer == vote.answer)


def is_decided(
    samples: Sequence[Sample], weight_by_expert: Mapping[str, float], *, left: float
) -> bool:
    """Whether votes of weight `left` cannot change who wins.

    Who leads by no more than is left is not safe: a tie goes to the answer given first, and the
    missing ones may stand before it.
    """
    first, second, *_ = [*standing(samples, weight_by_expert), 0.0, 0.0]
    return first > second + left + _ROUNDING


def standing(samples: Sequence[Sample], weight_by_expert: Mapping[str, float]) -> list[float]:
    """What each answer weighs, the largest first."""
    weights: dict[str, float] = {}
    for one in samples:
        if one.answer is not None:
            weights[one.answer] = weights.get(one.answer, 0.0) + weight_by_expert[one.expert]
    return sorted(weights.values(), reverse=True)


def agreed(samples: Sequence[Sample], *, num_left: int, num_asked: int, tau: float) -> bool | None:
    """Whether a share of `tau` of all answers is the same, whatever those still to come say.

    An answer that is missing or cannot be read agrees with nobody.

    Args:
        samples: those that are there.
        num_left: answers still to come.
        num_asked: all of them.
        tau: as `orchestrator fit cascade` finds it (`routers/acceptance.py`).

    Returns:
        `None` while the missing answers decide.
    """
    counts = Counter(one.answer for one in samples if one.answer is not None)
    most = max(counts.values(), default=0)
    if most and most >= tau * num_asked - _ROUNDING:
        return True
    return None if num_left and most + num_left >= tau * num_asked - _ROUNDING else False
