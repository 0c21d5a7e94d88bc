"""Measures routers on questions with known outcomes, beside what any router has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .arms import ORACLE, SINGLE, Arm, baselines, expert_arms, router_arms
from .base import Prompts, Route, Router, Traits
from .claims import Claims, claims_of
from .datasets import Example
from .resampling import Interval, Share, intervals
from .trial import Columns, CostKind, Floats, Trial

_BATCH = 512
NO_CATEGORY = "(none)"
#: Stands for an expert where a known answer was taken.
RECALLED = "(recalled)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One way to answer all questions."""

    name: str
    #: Mean score, in [0, 1].
    accuracy: Interval
    #: Mean score over that of the best single expert, question by question.
    gain: Interval
    #: What the best expert of each question would have scored more.
    regret: Interval
    #: Means over the questions.
    costs: Mapping[CostKind, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Questions of one category or kind."""

    name: str
    asked: int
    accuracy: Interval
    #: Mean scores of these two on the same questions.
    single: float
    oracle: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Questions of a category that went to one expert while another did better."""

    category: str
    chosen: str
    count: int
    #: The first of them.
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entropies:
    """How unsure the router was, in [0, 1], by what came of it."""

    #: First choices that scored a half or more.
    right: tuple[float, ...]
    wrong: tuple[float, ...]
    #: Questions of no category.
    unknown: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one router did."""

    name: str
    version: str
    #: Its first choice, then the vote of all it recruits where it recruits several.
    figures: tuple[Figures, ...]
    by_category: tuple[Group, ...]
    #: Empty where the questions are of one kind.
    by_kind: tuple[Group, ...]
    #: Shape [n_categories, n_experts], in the order of `by_category` and of the trial's experts;
    #: questions for which one was asked.
    went: Columns
    #: Most frequent first.
    confusions: tuple[Confusion, ...]
    #: Questions that went to the general expert.
    num_fallbacks: int
    #: Questions that were answered without an expert; `None` where none was.
    recalled: Share | None
    #: Questions that would go elsewhere if a model named their skills first.
    num_unnamed: int
    #: Unknown questions that went to the general expert; `None` where none were given.
    unknown: Share | None
    claims: Claims | None
    entropies: Entropies | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Routers on one trial."""

    trial: Trial
    reports: tuple[Report, ...]
    #: Best single, random, majority where answers are known, oracle.
    baselines: tuple[Figures, ...]
    #: Every expert for all questions.
    singles: tuple[Figures, ...]


def evaluate(
    routers: Mapping[str, Router], trial: Trial, *, unknown: Sequence[str] = ()
) -> Evaluation:
    """Has every router choose for every question.

    Args:
        routers: name -> anything that routes.
        trial: questions with outcomes; its experts are the candidates.
        unknown: prompts of no category: right is to send them to the general expert.

    Raises:
        RouterError: a router has nothing to choose from, or chose an expert without outcomes.
    """
    known = baselines(trial)
    return Evaluation(
        trial=trial,
        reports=tuple(_report(name, one, trial, known, unknown) for name, one in routers.items()),
        baselines=_figures(known, trial, known),
        singles=_figures(expert_arms(trial), trial, known),
    )


def _report(
    name: str, router: Router, trial: Trial, known: Sequence[Arm], unknown: Sequence[str]
) -> Report:
    candidates = frozenset(trial.experts)
    routes = routed(router, trial.examples, candidates)
    stray = routed(
        router, [Example(id=str(i), prompt=it) for i, it in enumerate(unknown)], candidates
    )
    arms = router_arms(name, routes, trial)
    caught = sum(route.is_fallback for route in stray)
    kinds = [example.kind for example in trial.examples]
    categories = [category_of(example) for example in trial.examples]
    return Report(
        name=name,
        version=router.version,
        figures=_figures(arms, trial, known),
        by_category=_groups(categories, arms[0], trial, known),
        by_kind=_groups(kinds, arms[0], trial, known) if len(set(kinds)) > 1 else (),
        went=_went(categories, routes, trial.experts),
        confusions=_confusions(categories, routes, arms[0], trial),
        num_fallbacks=sum(route.is_fallback for route in routes),
        recalled=_recalled(routes, arms[0]),
        num_unnamed=sum(route.needs_generation for route in routes),
        unknown=Share(right=caught, asked=len(stray)) if stray else None,
        claims=claims_of(routes, arms[0].scores),
        entropies=_entropies(routes, arms[0].scores, stray),
    )


def routed(router: Router, examples: Sequence[Example], candidates: frozenset[str]) -> list[Route]:
    """The route of each question; a caller and a seed each, skills where the data name them."""
    traits = [
        Traits(
            skills=one.skills or None,
            caller=one.id,
            seed=one.row,
            # What is recalled can only be graded where the right answer is known.
            may_recall=one.gold is not None,
        )
        for one in examples
    ]
    return [
        route
        for start in range(0, len(examples), _BATCH)
        for route in router.route(
            Prompts(
                texts=[one.prompt for one in examples[start : start + _BATCH]],
                candidates=candidates,
                traits=traits[start : start + _BATCH],
            )
        )
    ]


def category_of(example: Example) -> str:
    """What the tables file a question under: its category, else its first skill."""
    return example.category or next(iter(example.skills), NO_CATEGORY)


def _figures(arms: Sequence[Arm], trial: Trial, known: Sequence[Arm]) -> tuple[Figures, ...]:
    single, oracle = _named(SINGLE, known), _named(ORACLE, known)
    columns = [
        values
        for arm in arms
        for values in (arm.scores, arm.scores - single.scores, oracle.scores - arm.scores)
    ]
    found = iter(intervals(np.stack(columns, axis=1), trial.draws))
    return tuple(
        Figures(
            name=arm.name,
            accuracy=next(found),
            gain=next(found),
            regret=next(found),
            costs={kind: float(values.mean()) for kind, values in arm.costs.items()},
        )
        for arm in arms
    )


def _named(name: str, arms: Sequence[Arm]) -> Arm:
    return next(arm for arm in arms if arm.name == name)


def _groups(
    labels: Sequence[str], arm: Arm, trial: Trial, known: Sequence[Arm]
) -> tuple[Group, ...]:
    table = np.array(labels)
    single, oracle = _named(SINGLE, known), _named(ORACLE, known)
    groups = []
    for name in sorted(set(labels)):
        own = table == name
        groups.append(
            Group(
                name=name,
                asked=int(own.sum()),
                accuracy=intervals(arm.scores[own][:, None], trial.draws[own])[0],
                single=float(single.scores[own].mean()),
                oracle=float(oracle.scores[own].mean()),
            )
        )
    return tuple(groups)


def _went(categories: Sequence[str], routes: Sequence[Route], experts: Sequence[str]) -> Columns:
    row = {name: i for i, name in enumerate(sorted(set(categories)))}
    column = {name: i for i, name in enumerate(experts)}
    counts = np.zeros((len(row), len(column)), dtype=np.int64)
    for category, route in zip(categories, routes, strict=True):
        if route.answer is None:
            counts[row[category], column[route.chosen[0]]] += 1
    return counts


def _confusions(
    categories: Sequence[str], routes: Sequence[Route], arm: Arm, trial: Trial
) -> tuple[Confusion, ...]:
    is_lost = arm.scores < trial.scores.max(axis=1)
    texts: dict[tuple[str, str], list[str]] = {}
    for number in np.flatnonzero(is_lost).tolist():
        is_asked = routes[number].answer is None
        key = categories[number], routes[number].chosen[0] if is_asked else RECALLED
        texts.setdefault(key, []).append(trial.examples[number].prompt)
    found = (
        Confusion(category=category, chosen=chosen, count=len(own), example=own[0])
        for (category, chosen), own in texts.items()
    )
    return tuple(sorted(found, key=lambda it: (-it.count, it.category, it.chosen)))


def _recalled(routes: Sequence[Route], arm: Arm) -> Share | None:
    rows = [row for row, route in enumerate(routes) if route.answer is not None]
    right = int((arm.scores[rows] >= 0.5).sum())
    return Share(right=right, asked=len(rows)) if rows else None


def _entropies(routes: Sequence[Route], scores: Floats, stray: Sequence[Route]) -> Entropies | None:
    told = [(route.entropy, score) for route, score in zip(routes, scores, strict=True)]
    right = tuple(entropy for entropy, score in told if entropy is not None and score >= 0.5)
    wrong = tuple(entropy for entropy, score in told if entropy is not None and score < 0.5)
    if not right and not wrong:
        return None
    return Entropies(
        right=right,
        wrong=wrong,
        unknown=tuple(route.entropy for route in stray if route.entropy is not None),
    )
