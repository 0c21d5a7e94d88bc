"""Which answers are known, and how much alike a question must be to have one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .base import RouterError
from .datasets import Example, Outcome
from .overlap import Overlap
from .recall import MAX_KNOWN, Answer, verbatim
from .resampling import Share
from .votes import Ballot, hold_vote

#: Experts that must have answered alike.
MIN_EXPERTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedRecall:
    """What is known, and from which likeness on."""

    answers: tuple[Answer, ...]
    #: `None`: no likeness is as precise as asked, so only repeats are answered.
    least_likeness: float | None
    metrics: dict[str, float]


def agreed_answers(
    examples: Sequence[Example], outcomes: Sequence[Outcome], *, least_share: float
) -> tuple[Answer, ...]:
    """Answers that two experts or more agree on, with at least this share of those asked.

    An expert that was asked several times counts once, by its first answer.
    """
    by_question: dict[str, dict[str, str | None]] = {}
    for one in sorted(outcomes, key=lambda it: it.sample):
        by_question.setdefault(one.id, {}).setdefault(one.expert, one.answer)
    found = []
    for example in examples:
        given = by_question.get(example.id, {})
        agreed = _agreed(given, least_share=least_share) if given else None
        if agreed is not None:
            sources = tuple(sorted(name for name, said in given.items() if said == agreed))
            found.append(Answer(question=example.prompt, answer=agreed, sources=sources))
    return tuple(found)


def gold_answers(examples: Sequence[Example]) -> tuple[Answer, ...]:
    """Answers that the data set says."""
    return tuple(
        Answer(question=one.prompt, answer=one.gold) for one in examples if one.gold is not None
    )


def fit_recall(answers: Sequence[Answer], *, precision: float) -> FittedRecall:
    """The least likeness at which a left-out question's answer is that of the one it is like.

    Precise means that the lower end of a 95 % interval is, so few pairs prove nothing.

    Raises:
        RouterError: nothing is known, or too much; the precision is none.
    """
    if not 0 < precision < 1:
        raise RouterError(f"precision is {precision:g}; it must be over 0 and under 1")
    kept = _unanimous(answers)
    if not kept:
        raise RouterError("no answer is known: give questions with answers, or experts that agree")
    if len(kept) > MAX_KNOWN:
        raise RouterError(
            f"{len(kept)} answers are known; {MAX_KNOWN} are most, give those asked most often"
        )
    likeness, is_right = _left_out(kept)
    least, taken = _least(likeness, is_right, precision)
    share = Share(right=int(is_right[taken].sum()), asked=int(taken.sum()))
    return FittedRecall(
        answers=kept,
        least_likeness=least,
        metrics={
            "known": float(len(kept)),
            "conflicting": float(len(answers) - len(kept)),
            "covered_left_out": float(taken.mean()),
            "right_left_out": share.value,
            "right_low": share.interval[0],
            "right_high": share.interval[1],
        },
    )


def _agreed(given: Mapping[str, str | None], *, least_share: float) -> str | None:
    ballots = [Ballot(expert=name, answer=said) for name, said in sorted(given.items())]
    vote = hold_vote(ballots)
    votes = sum(said == vote.answer for said in given.values())
    is_agreed = votes >= MIN_EXPERTS and votes / len(given) >= least_share
    return vote.answer if is_agreed else None


def _unanimous(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """One a question; a question with several answers has none."""
    found: dict[str, list[Answer]] = {}
    for one in answers:
        found.setdefault(verbatim(one.question), []).append(one)
    return tuple(own[0] for own in found.values() if len({one.answer for one in own}) == 1)


def _left_out(answers: Sequence[Answer]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of each known question: likeness to the most alike other, and whether it answers alike."""
    overlap = Overlap.of([one.question for one in answers])
    likeness = np.zeros(len(answers))
    is_right = np.zeros(len(answers), dtype=np.bool_)
    for number, one in enumerate(answers):
        best, likeness[number] = overlap.most_alike(one.question, but=number)
        is_right[number] = answers[best].answer.strip() == one.answer.strip()
    return likeness, is_right


def _least(
    likeness: NDArray[np.float64], is_right: NDArray[np.bool_], precision: float
) -> tuple[float | None, NDArray[np.bool_]]:
    """The least likeness that is precise enough, and who is answered at it."""
    order = np.argsort(-likeness, kind="stable")
    right = np.cumsum(is_right[order])
    best = 0
    for count in range(1, len(order) + 1):
        is_end = count == len(order) or likeness[order[count]] < likeness[order[count - 1]]
        if is_end and Share(right=int(right[count - 1]), asked=count).interval[0] >= precision:
            best = count
    taken = np.zeros(len(order), dtype=np.bool_)
    taken[order[:best]] = True
    return (float(likeness[order[best - 1]]), taken) if best else (None, taken)
