"""Measures a router on labelled questions: how often it is right, and how sure it says it is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .base import Prompts, Route, Router
from .calibration import calibration_error
from .category import CategoryRouter
from .questions import Question

_BATCH = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A count of successes with its 95 % interval."""

    #: Whole but where answers count by halves.
    right: float
    asked: int

    @property
    def value(self) -> float:
        """In [0, 1]; zero where nothing was asked."""
        return self.right / self.asked if self.asked else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval."""
        if not self.asked:
            return (0.0, 1.0)
        z, n = 1.96, self.asked
        middle = self.value + z * z / (2 * n)
        reach = z * math.sqrt(self.value * (1 - self.value) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        return (max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale))


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Questions of one skill that went to another's expert."""

    skill: str
    chosen: str
    count: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a router did on a file of questions."""

    overall: Share
    by_kind: Mapping[str, Share]
    by_skill: Mapping[str, Share]
    #: Most frequent first.
    confusions: tuple[Confusion, ...]
    #: Unknown questions that went to the fallback; absent where none were given.
    unknown: Share | None
    #: Gap between claimed and true accuracy; absent for routers that claim none.
    calibration: float | None


def evaluate(
    router: Router,
    questions: Sequence[Question],
    *,
    expert_by_skill: Mapping[str, str],
    fallback: str,
    unknown: Sequence[Question] = (),
) -> Report:
    """Routes every question and compares the choice with the expert of its skill.

    Args:
        router: anything that routes.
        questions: labelled questions.
        expert_by_skill: the right choice; a skill that is not in it serves itself.
        fallback: the right choice for unknown questions.
        unknown: questions of no skill.
    """
    skills = {question.skill for question in questions}
    candidates = frozenset({*expert_by_skill.values(), *skills, fallback})
    routes = _route_all(router, questions, candidates)
    right = [
        route.chosen[0] == expert_by_skill.get(question.skill, question.skill)
        for question, route in zip(questions, routes, strict=True)
    ]
    caught = [route.is_fallback for route in _route_all(router, unknown, candidates)]
    return Report(
        overall=Share(right=sum(right), asked=len(right)),
        by_kind=_shares(questions, right, lambda question: question.kind),
        by_skill=_shares(questions, right, lambda question: question.skill),
        confusions=_confusions(questions, routes, right),
        unknown=Share(right=sum(caught), asked=len(caught)) if unknown else None,
        calibration=_calibration(router, questions),
    )


def _route_all(
    router: Router, questions: Sequence[Question], candidates: frozenset[str]
) -> list[Route]:
    texts = [question.text for question in questions]
    return [
        route
        for start in range(0, len(texts), _BATCH)
        for route in router.route(
            Prompts(texts=texts[start : start + _BATCH], candidates=candidates)
        )
    ]


def _shares(
    questions: Sequence[Question], right: Sequence[bool], key: Callable[[Question], str]
) -> dict[str, Share]:
    asked = Counter(map(key, questions))
    hits = Counter(key(question) for question, ok in zip(questions, right, strict=True) if ok)
    return {name: Share(right=hits[name], asked=asked[name]) for name in sorted(asked)}


def _confusions(
    questions: Sequence[Question], routes: Sequence[Route], right: Sequence[bool]
) -> tuple[Confusion, ...]:
    texts: dict[tuple[str, str], list[str]] = {}
    for question, route, ok in zip(questions, routes, right, strict=True):
        if not ok:
            texts.setdefault((question.skill, route.chosen[0]), []).append(question.text)
    found = (
        Confusion(skill=skill, chosen=chosen, count=len(own), example=own[0])
        for (skill, chosen), own in texts.items()
    )
    return tuple(sorted(found, key=lambda it: (-it.count, it.skill, it.chosen)))


def _calibration(router: Router, questions: Sequence[Question]) -> float | None:
    if not isinstance(router, CategoryRouter):
        return None
    parts = [
        router.probabilities([question.text for question in questions[start : start + _BATCH]])
        for start in range(0, len(questions), _BATCH)
    ]
    probabilities = np.concatenate(parts)
    names = np.array(router.quality.categories)[probabilities.argmax(axis=1)]
    is_right = names == np.array([question.skill for question in questions])
    return calibration_error(probabilities.max(axis=1), is_right)
