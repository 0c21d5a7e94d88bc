"""When a cheap expert's answer is taken: at a confidence of tau, else a strong one is asked.

Source: cascade by consistency, Yue 2023, arXiv:2310.03094: the confidence is the share of samples
that agree. Ours: tau is fitted for a quality or a budget, and told with the whole curve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .base import RouterError
from .datasets import Outcome
from .votes import Ballot, hold_vote

Values = NDArray[np.float64]

MIN_QUESTIONS = 20
#: Points of a curve that are kept, the ends among them.
_MAX_POINTS = 101
_NUM_FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Questions that both sides answered; every array has shape [n_questions]."""

    #: How sure the cheap side is; higher is surer.
    confidence: Values
    #: Score of its answer, and of the strong expert's.
    cheap: Values
    strong: Values
    #: Cost of asking the cheap side, and of asking the strong expert after it; of one unit.
    cheap_cost: Values
    strong_cost: Values

    def rows(self, kept: NDArray[np.bool_]) -> Judged:
        """Some of the questions."""
        return Judged(
            confidence=self.confidence[kept],
            cheap=self.cheap[kept],
            strong=self.strong[kept],
            cheap_cost=self.cheap_cost[kept],
            strong_cost=self.strong_cost[kept],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What one tau comes to."""

    tau: float
    #: Share of questions that the cheap side answers.
    accepted: float
    #: Mean score.
    quality: float
    #: Mean cost of a question.
    cost: float


#: Picks a point of a curve.
Choose = Callable[[Sequence[Point]], Point]


def agreement(answers: Sequence[str | None]) -> tuple[str | None, float]:
    """The answer that most samples give, and their share of all; who gives none agrees with nobody.

    Raises:
        RouterError: there is no sample.
    """
    vote = hold_vote([Ballot(expert=str(i), answer=one) for i, one in enumerate(answers)])
    return vote.answer, vote.share * (len(answers) - len(vote.abstained)) / len(answers)


def curve(judged: Judged) -> tuple[Point, ...]:
    """What each tau comes to, from taking every answer to taking none."""
    order = np.argsort(-judged.confidence, kind="stable")
    confidence = judged.confidence[order]
    num = len(order)
    gains = np.concatenate([[0.0], np.cumsum((judged.cheap - judged.strong)[order])])
    saved = np.concatenate([[0.0], np.cumsum(judged.strong_cost[order])])
    # Equal confidences are taken or left together.
    ends = np.append(np.flatnonzero(np.diff(confidence)) + 1, num)
    counts = np.concatenate([[0], ends])
    kept = np.unique(np.linspace(0, len(counts) - 1, min(len(counts), _MAX_POINTS)).round())
    everything = judged.cheap_cost.sum() + judged.strong_cost.sum()
    return tuple(
        Point(
            tau=float(confidence[count - 1]) if count else float(confidence[0]) + 1.0,
            accepted=float(count / num),
            quality=float((judged.strong.sum() + gains[count]) / num),
            cost=float((everything - saved[count]) / num),
        )
        for count in counts[kept.astype(np.int64)][::-1]
    )


def for_quality(quality: float) -> Choose:
    """The cheapest point of at least this mean score."""

    def choose(points: Sequence[Point]) -> Point:
        good = [point for point in points if point.quality >= quality]
        if not good:
            best = max(point.quality for point in points)
            raise RouterError(f"no tau reaches a quality of {quality:g}; the best is {best:.4f}")
        return min(good, key=lambda point: (point.cost, -point.quality))

    return choose


def for_budget(cost: float) -> Choose:
    """The best point of at most this mean cost."""

    def choose(points: Sequence[Point]) -> Point:
        cheap = [point for point in points if point.cost <= cost]
        if not cheap:
            least = min(point.cost for point in points)
            raise RouterError(f"no tau costs {cost:g} or less; the least is {least:.4g}")
        return max(cheap, key=lambda point: (point.quality, -point.cost))

    return choose


def fitted(judged: Judged, choose: Choose) -> tuple[Point, dict[str, float]]:
    """The point to serve at, and what such a choice comes to on questions left out.

    Raises:
        RouterError: there are too few questions, or no tau does.
    """
    num = len(judged.confidence)
    if num < MIN_QUESTIONS:
        raise RouterError(f"{num} questions were answered by both sides; {MIN_QUESTIONS} are least")
    point = choose(curve(judged))
    return point, _left_out(judged, choose, otherwise=point)


def _left_out(judged: Judged, choose: Choose, *, otherwise: Point) -> dict[str, float]:
    """Each fold at the tau of the others; at `otherwise` where theirs reach no such point."""
    num = len(judged.confidence)
    fold = np.random.default_rng(0).permutation(num) % _NUM_FOLDS
    takes = np.zeros(num, dtype=np.bool_)
    for number in range(_NUM_FOLDS):
        try:
            tau = choose(curve(judged.rows(fold != number))).tau
        except RouterError:
            tau = otherwise.tau
        takes[fold == number] = judged.confidence[fold == number] >= tau
    quality = np.where(takes, judged.cheap, judged.strong)
    cost = judged.cheap_cost + np.where(takes, 0.0, judged.strong_cost)
    return {
        "quality": float(quality.mean()),
        "cost": float(cost.mean()),
        "accepted": float(takes.mean()),
        "cheap_quality": float(judged.cheap.mean()),
        "strong_quality": float(judged.strong.mean()),
        "strong_cost": float(judged.strong_cost.mean()),
        "oracle": float(np.maximum(judged.cheap, judged.strong).mean()),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Of one question, in one unit: all calls of the cheap side, and the strong expert's."""

    cheap: float
    strong: float


def judged_by_agreement(
    outcomes: Sequence[Outcome], *, cheap: Sequence[str], strong: str, costs: Costs
) -> Judged:
    """The cheap side's samples against the strong expert, on what both answered.

    Args:
        outcomes: several a question and expert where it was asked several times.
        cheap: experts whose answers are compared with one another, the best first.
        strong: who is asked where they do not agree.
        costs: of one question.

    Raises:
        RouterError: an expert has no outcome, no question has two answers of the cheap side, or its
            outcomes hold no answers.
    """
    samples = _by_question(outcomes, cheap)
    wanted = _by_question(outcomes, [strong])
    ids = [id_ for id_ in samples if id_ in wanted and len(samples[id_]) > 1]
    if not ids:
        raise RouterError(
            f"no question has an outcome of {strong!r} and two or more of {list(cheap)}; "
            "ask several times (`orchestrator profile --samples`), or name several cheap experts"
        )
    found = [_taken(samples[id_]) for id_ in ids]
    if not any(confidence for confidence, _ in found):
        raise RouterError(f"outcomes of {list(cheap)} hold no answers, so none can agree")
    return Judged(
        confidence=np.array([confidence for confidence, _ in found]),
        cheap=np.array([score for _, score in found]),
        strong=np.array([np.mean([one.score for one in wanted[id_]]) for id_ in ids]),
        cheap_cost=np.full(len(ids), costs.cheap),
        strong_cost=np.full(len(ids), costs.strong),
    )


def judged_by_confidence(
    outcomes: Sequence[Outcome], *, cheap: str, strong: str, costs: Costs
) -> Judged:
    """A cheap expert's first answers against the strong expert, by how likely it found its words.

    The confidence is the geometric mean of the probabilities of an answer's tokens.

    Args:
        outcomes: with log-probabilities of the cheap expert's answers.
        cheap: who is asked first.
        strong: who is asked where it is not sure.
        costs: of one question.

    Raises:
        RouterError: an expert has no outcome, or no question has one of both, the cheap one's with
            its log-probability.
    """
    first = _by_question(outcomes, [cheap])
    wanted = _by_question(outcomes, [strong])
    found = [
        (one, wanted[id_], one.log_prob)
        for id_, (one, *_) in first.items()
        if id_ in wanted and one.log_prob is not None
    ]
    if not found:
        raise RouterError(
            f"no question has an outcome of {strong!r} and one of {cheap!r} with its "
            "log-probability; ask with `orchestrator profile --log-probs`"
        )
    return Judged(
        confidence=np.exp(np.minimum([log_prob for *_, log_prob in found], 0.0)),
        cheap=np.array([one.score for one, *_ in found]),
        strong=np.array([np.mean([other.score for other in others]) for _, others, _ in found]),
        cheap_cost=np.full(len(found), costs.cheap),
        strong_cost=np.full(len(found), costs.strong),
    )


def _taken(samples: Sequence[Outcome]) -> tuple[float, float]:
    """Confidence and score of the answer that most of them give."""
    answer, confidence = agreement([one.answer for one in samples])
    scores = [one.score for one in samples if one.answer == answer]
    return confidence, scores[0]


def _by_question(
    outcomes: Sequence[Outcome], experts: Sequence[str]
) -> Mapping[str, list[Outcome]]:
    """Outcomes of these experts by question, in the order of the experts, then of the samples."""
    place = {name: i for i, name in enumerate(experts)}
    if missing := sorted(set(experts) - {outcome.expert for outcome in outcomes}):
        known = sorted({outcome.expert for outcome in outcomes})
        raise RouterError(f"experts {missing} have no outcome; there are outcomes of {known}")
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.expert in place:
            found.setdefault(outcome.id, []).append(outcome)
    for own in found.values():
        own.sort(key=lambda one: (place[one.expert], one.sample))
    return found
