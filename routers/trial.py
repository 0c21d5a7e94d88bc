"""What a router is tried on: questions with every expert's score, costs, and who is best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .base import RouterError
from .datasets import Answered, Example, Outcome
from .spending import REQUEST_MEASURES, Costs, RequestMeasure

Floats = NDArray[np.float64]
Columns = NDArray[np.int64]

#: What an answer costs: calls, tokens generated, and what the experts' costs state of a request.
CostKind: TypeAlias = Literal["calls", "tokens"] | RequestMeasure

NOT_STATED = Costs(by_expert={})
_NO_ANSWER = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Questions that were put to every expert."""

    examples: tuple[Example, ...]
    experts: tuple[str, ...]
    #: Shape [n, n_experts], in [0, 1].
    scores: Floats
    #: Shape [n, n_experts]; equal answers to one question have equal numbers, -1 is none. `None`
    #: where no outcome holds an answer.
    answers: Columns | None
    #: Kind of cost -> shape [n, n_experts].
    costs: Mapping[CostKind, Floats]
    #: A kind of cost that is left out for all -> experts of whom nobody stated it, unlike others.
    unstated: Mapping[CostKind, tuple[str, ...]]
    #: Shape [n, n_experts]; experts by number, best first, as other questions had shown them.
    order: Columns
    #: On what they had shown it, for people.
    order_from: str
    #: Experts that were not asked everything, with how many questions they lack.
    left_out: Mapping[str, int]

    @property
    def draws(self) -> Columns:
        """Shape [n]; questions that are drawn together have one number: wordings of one pattern."""
        keys = [example.group or f"\0{example.id}" for example in self.examples]
        return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def trial_of(
    table: Answered,
    outcomes: Sequence[Outcome],
    *,
    tried: Sequence[int],
    fitted: Sequence[int] = (),
    stated: Costs = NOT_STATED,
) -> Trial:
    """The questions `tried` of a table, for the experts that were asked all of them.

    Args:
        table: all questions.
        outcomes: those that the table was made of.
        tried: rows to try routers on.
        fitted: rows that say which expert is best; without any, each half of those tried
            says it of the other.
        stated: what asking each expert takes.

    Raises:
        RouterError: nothing is tried, or no expert was asked all of it.
    """
    if not len(tried):
        raise RouterError("no question is left to try a router on")
    lacks = np.isnan(table.scores[list(tried)]).sum(axis=0)
    kept = np.flatnonzero(lacks == 0)
    if not len(kept):
        told = ", ".join(f"{name} {n}" for name, n in zip(table.experts, lacks, strict=True))
        raise RouterError(f"no expert was asked all {len(tried)} questions; they lack: {told}")
    experts = tuple(table.experts[i] for i in kept)
    own = table.rows(tried)
    scores = own.scores[:, kept]
    order, order_from = _order(scores, table.scores[list(fitted)][:, kept])
    return Trial(
        examples=own.examples,
        experts=experts,
        scores=scores,
        answers=_answers(own.examples, experts, outcomes),
        costs=_costs(own.examples, experts, outcomes, stated),
        unstated=_unstated(experts, stated),
        order=order,
        order_from=order_from,
        left_out={name: int(n) for name, n in zip(table.experts, lacks, strict=True) if n},
    )


def _order(scores: Floats, fitted: Floats) -> tuple[Columns, str]:
    if len(fitted):
        asked = np.maximum((~np.isnan(fitted)).sum(axis=0), 1)
        order = np.argsort(-np.nansum(fitted, axis=0) / asked, kind="stable")
        return np.tile(order, (len(scores), 1)), f"{len(fitted)} questions that are not tried"
    is_even = np.arange(len(scores)) % 2 == 0
    order = np.empty(scores.shape, dtype=np.int64)
    for half in (is_even, ~is_even):
        other = scores[~half] if (~half).any() else scores
        order[half] = np.argsort(-other.mean(axis=0), kind="stable")
    return order, "the other half of the questions"


def _answers(
    examples: Sequence[Example], experts: Sequence[str], outcomes: Sequence[Outcome]
) -> Columns | None:
    given: dict[tuple[str, str], str] = {}
    for outcome in outcomes:
        if outcome.answer is not None:
            given.setdefault((outcome.id, outcome.expert), outcome.answer.strip())
    if not given:
        return None
    table = np.full((len(examples), len(experts)), _NO_ANSWER, dtype=np.int64)
    for row, example in enumerate(examples):
        number: dict[str, int] = {}
        for column, expert in enumerate(experts):
            if (answer := given.get((example.id, expert))) is not None:
                table[row, column] = number.setdefault(answer, len(number))
    return table


def _costs(
    examples: Sequence[Example],
    experts: Sequence[str],
    outcomes: Sequence[Outcome],
    stated: Costs,
) -> dict[CostKind, Floats]:
    """A kind of cost that is unknown of one expert or answer is left out for all."""
    ones = np.ones((len(examples), len(experts)))
    costs: dict[CostKind, Floats] = {"calls": ones}
    tokens = _tokens(examples, experts, outcomes)
    if not np.isnan(tokens).any():
        costs["tokens"] = tokens
    for measure in REQUEST_MEASURES:
        own = np.array([stated.of(name, measure) for name in experts])
        if not np.isnan(own).any() and own.any():
            costs[measure] = ones * own
    return costs


def _unstated(experts: Sequence[str], stated: Costs) -> dict[CostKind, tuple[str, ...]]:
    found: dict[CostKind, tuple[str, ...]] = {}
    for measure in REQUEST_MEASURES:
        without = tuple(name for name in experts if isnan(stated.of(name, measure)))
        if 0 < len(without) < len(experts):
            found[measure] = without
    return found


def _tokens(
    examples: Sequence[Example], experts: Sequence[str], outcomes: Sequence[Outcome]
) -> Floats:
    row = {example.id: i for i, example in enumerate(examples)}
    column = {name: i for i, name in enumerate(experts)}
    sums, counts = np.zeros((2, len(examples), len(experts)))
    for one in outcomes:
        if one.tokens is not None and one.id in row and one.expert in column:
            cell = row[one.id], column[one.expert]
            sums[cell] += one.tokens
            counts[cell] += 1
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
