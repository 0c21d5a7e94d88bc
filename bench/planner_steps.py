"""What steps take and change, in terms of CP-SAT: flags of what a slot holds around a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ortools.sat.python import cp_model

from orchestrator.planner.slots import ExpertCosts

#: Times are whole numbers of these.
TICK_S = 0.05


def ticks(seconds: float) -> int:
    """Seconds as ticks; they must be whole."""
    whole = round(seconds / TICK_S)
    if abs(whole * TICK_S - seconds) > 1e-4:
        raise ValueError(f"{seconds} s are no whole number of {TICK_S} s")
    return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One run that there may be, with what its slot holds before and after it."""

    expert: str
    stage: int
    calls: list[int]
    has: dict[int, Any]
    on: list[Any]
    begin: Any
    end: Any
    step: Any
    before: State
    after: State


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Of each lineage, whether it serves and sleeps; of each expert, whether it answers."""

    up: dict[str, Any]
    asleep: dict[str, Any]
    holds: dict[str, Any]

    def all(self) -> list[Any]:
        """Every flag, always in one order."""
        return [*self.up.values(), *self.asleep.values(), *self.holds.values()]


class Steps:
    """Adds to a model what a slot holds before and after each run."""

    def __init__(
        self, model: cp_model.CpModel, costs: ExpertCosts, memory: Mapping[str, float]
    ) -> None:
        self._model, self._costs, self._memory = model, costs, memory

    def state(self, name: str) -> State:
        """What a slot may hold at some time."""

        def flags(names: Sequence[str], what: str) -> dict[str, Any]:
            return {one: self._model.new_bool_var(f"{name} {what} {one}") for one in names}

        lineages = sorted(self._memory)
        return State(
            up=flags(lineages, "up"),
            asleep=flags(lineages, "asleep"),
            holds=flags(sorted(self._costs), "holds"),
        )

    def step(self, node: Node) -> None:
        """What the step takes and what it changes, by what the slot holds before."""
        cost, model, before, after = self._costs[node.expert], self._model, node.before, node.after
        stays, adds, swaps, enters = (model.new_bool_var("") for _ in range(4))
        model.add_exactly_one(stays, adds, swaps, enters)
        model.add(before.holds[node.expert] == stays)
        model.add(before.up[cost.lineage] == 0).only_enforce_if(enters)
        model.add(before.up[cost.lineage] == 1).only_enforce_if(~enters)
        base = before.holds[cost.base] if cost.base else None
        if base is None:
            model.add(adds == 0)
        else:
            model.add(base == 1).only_enforce_if(adds)
            model.add(base == 0).only_enforce_if(swaps)
        self._step_s(node, stays, adds, swaps, enters)
        model.add(after.up[cost.lineage] == 1)
        model.add(after.asleep[cost.lineage] == 0)
        model.add(after.holds[node.expert] == 1)
        for other, told in self._costs.items():
            if told.lineage == cost.lineage and other != node.expert:
                model.add(after.holds[other] == before.holds[other]).only_enforce_if(stays)
                model.add(after.holds[other] == before.holds[other]).only_enforce_if(adds)
                fresh = int(other == cost.base)
                model.add(after.holds[other] == fresh).only_enforce_if(swaps)
                model.add(after.holds[other] == fresh).only_enforce_if(enters)
        for lineage in self._memory:
            if lineage != cost.lineage:
                self._make_room(node, lineage, enters)

    def _step_s(self, node: Node, stays: Any, adds: Any, swaps: Any, enters: Any) -> None:
        cost, model = self._costs[node.expert], self._model
        base_s = self._costs[cost.base].swap_s if cost.base else 0.0
        model.add(node.step == 0).only_enforce_if(stays)
        model.add(node.step == ticks(cost.swap_s)).only_enforce_if(adds)
        model.add(node.step == ticks(cost.swap_s + base_s)).only_enforce_if(swaps)
        asleep = node.before.asleep[cost.lineage]
        wake_s = min(cost.wake_s, cost.start_s)
        model.add(node.step == ticks(wake_s)).only_enforce_if(enters, asleep)
        model.add(node.step == ticks(cost.start_s)).only_enforce_if(enters, ~asleep)

    def _make_room(self, node: Node, lineage: str, enters: Any) -> None:
        """An engine of another lineage stays, or makes room for one that comes."""
        model, before, after = self._model, node.before, node.after
        stays = after.up[lineage]
        model.add_implication(stays, before.up[lineage])
        model.add(stays == before.up[lineage]).only_enforce_if(~enters)
        for expert, cost in self._costs.items():
            if cost.lineage == lineage:
                held, holds = before.holds[expert], after.holds[expert]
                model.add(holds == held).only_enforce_if(stays)
                model.add(holds == 0).only_enforce_if(~stays)
        slept, sleeps = before.asleep[lineage], after.asleep[lineage]
        model.add(sleeps == slept + before.up[lineage] - stays)
