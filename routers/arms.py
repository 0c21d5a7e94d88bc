"""Ways to answer the questions of a trial: a router's choice, and what it has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .base import Route, RouterError
from .grading import grade
from .trial import Columns, CostKind, Floats, Trial

SINGLE, RANDOM = "best single", "random"
MAJORITY, ORACLE = "majority of all", "oracle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What became of the questions."""

    name: str
    #: Shape [n], in [0, 1].
    scores: Floats
    #: Kind of cost -> shape [n].
    costs: Mapping[CostKind, Floats]


def router_arms(name: str, routes: Sequence[Route], trial: Trial) -> list[Arm]:
    """The router's first choice, and where it recruits several, the vote of all it recruits.

    A known answer is taken instead, graded by the question's right ones, and costs nothing.

    Raises:
        RouterError: it chose an expert that was no candidate.
    """
    slots = [[_column(name, expert, trial) for expert in route.chosen] for route in routes]
    arms = [asked(name, np.array([own[0] for own in slots]), trial)]
    if trial.answers is not None and any(len(own) > 1 for own in slots):
        arms.append(voted(f"{name}, vote of all it recruits", slots, trial))
    known = {row: route.answer for row, route in enumerate(routes) if route.answer is not None}
    return [_recalled(arm, known, trial) for arm in arms] if known else arms


def baselines(trial: Trial) -> list[Arm]:
    """The best single expert, chance, everybody's vote where answers are known, and hindsight."""
    arms = [
        asked(SINGLE, trial.order[:, 0], trial),
        Arm(
            name=RANDOM,
            scores=trial.scores.mean(axis=1),
            costs={kind: table.mean(axis=1) for kind, table in trial.costs.items()},
        ),
    ]
    if trial.answers is not None:
        arms.append(voted(MAJORITY, trial.order.tolist(), trial))
    return [*arms, _oracle(trial)]


def expert_arms(trial: Trial) -> list[Arm]:
    """Every expert for all questions."""
    num = len(trial.examples)
    return [asked(name, np.full(num, i), trial) for i, name in enumerate(trial.experts)]


def asked(name: str, chosen: Columns, trial: Trial) -> Arm:
    """One call, of the expert in this column for each question."""
    rows = np.arange(len(chosen))
    return Arm(
        name=name,
        scores=trial.scores[rows, chosen],
        costs={kind: table[rows, chosen] for kind, table in trial.costs.items()},
    )


def voted(name: str, slots: Sequence[Sequence[int]], trial: Trial) -> Arm:
    """Every slot counts alike; of equal answers the one that stands first wins.

    The answer that wins scores as those who gave it did; an expert in two slots is asked once.

    Raises:
        RouterError: the trial has no answers.
    """
    if trial.answers is None:
        raise RouterError("a vote needs outcomes with an `answer`; they hold scores only")
    scores = np.zeros(len(slots))
    costs: dict[CostKind, Floats] = {kind: np.zeros(len(slots)) for kind in trial.costs}
    for row, own in enumerate(slots):
        scores[row] = _won(trial.answers[row], trial.scores[row], own)
        distinct = sorted(set(own))
        for kind, table in trial.costs.items():
            costs[kind][row] = table[row, distinct].sum()
    return Arm(name=name, scores=scores, costs=costs)


def pareto(costs: Sequence[float], qualities: Sequence[float]) -> list[int]:
    """Numbers of those that nothing beats: none is as good for less, or better for as much.

    Returns:
        In the order of cost.
    """
    front: list[int] = []
    for number in sorted(range(len(costs)), key=lambda i: (costs[i], -qualities[i])):
        if not front or qualities[number] > qualities[front[-1]]:
            front.append(number)
    return front


def _recalled(arm: Arm, known: Mapping[int, str], trial: Trial) -> Arm:
    scores = arm.scores.copy()
    costs = {kind: values.copy() for kind, values in arm.costs.items()}
    for row, answer in known.items():
        scores[row] = grade(answer, trial.examples[row], grader="text").score
        for values in costs.values():
            values[row] = 0
    return Arm(name=arm.name, scores=scores, costs=costs)


def _column(name: str, expert: str, trial: Trial) -> int:
    try:
        return trial.experts.index(expert)
    except ValueError as exc:
        raise RouterError(
            f"router {name!r} chose {expert!r}, which has no outcomes; those with outcomes: "
            f"{list(trial.experts)}"
        ) from exc


def _won(answers: Columns, scores: Floats, slots: Sequence[int]) -> float:
    votes: dict[int, int] = {}
    for column in slots:
        if (answer := int(answers[column])) >= 0:
            votes[answer] = votes.get(answer, 0) + 1
    if not votes:
        return 0.0
    winner = max(votes, key=votes.__getitem__)
    return float(np.mean([scores[i] for i in set(slots) if answers[i] == winner]))


def _oracle(trial: Trial) -> Arm:
    """In hindsight: of those who did best each time the one that is cheapest, kind by kind."""
    best = trial.scores.max(axis=1)
    is_best = trial.scores == best[:, None]
    return Arm(
        name=ORACLE,
        scores=best,
        costs={
            kind: np.where(is_best, table, np.inf).min(axis=1)
            for kind, table in trial.costs.items()
        },
    )
