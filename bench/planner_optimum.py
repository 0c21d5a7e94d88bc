"""The best plan there is, by CP-SAT, for instances of a few calls.

The class of plans it covers: the model of `orchestrator/planner/problem.py` without anything left
out (steps by what a slot holds, adapters, engines that make room, sleepers, stages, deadlines),
where the calls of one expert and stage form `NUM_PARTS` runs at most, divided in any way. It may
choose what makes room; our planner takes what is used furthest in the future.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from ortools.sat.python import cp_model

from orchestrator.planner.plan import Plan
from orchestrator.planner.slots import ExpertCosts, PlannedSlot
from orchestrator.planner.workload import Workload

NUM_PARTS = 2
#: Times are whole numbers of these.
TICK_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """What the solver knows of the best plan."""

    #: Requests after their deadlines, by priority, the highest first.
    num_late: tuple[int, ...]
    #: The makespan of the best plan found, seconds, and what none can be shorter than.
    makespan_s: float
    proven_s: float

    @property
    def is_proven(self) -> bool:
        """Whether it is the best."""
        return self.makespan_s <= self.proven_s + TICK_S / 2


def optimum(
    workload: Workload,
    slots: Sequence[PlannedSlot],
    costs: ExpertCosts,
    *,
    hint: Plan | None = None,
    effort: float = 30.0,
    num_workers: int = 4,
) -> Optimum:
    """Solve an instance.

    Args:
        workload: calls.
        slots: where.
        costs: in whole ticks, as are works over speeds.
        hint: a plan to begin with; of the class, it also bounds what is looked for.
        effort: deterministic seconds of the solver for each of its two goals.
        num_workers: threads.
    """
    model = _Model(workload, slots, costs)
    if hint is not None:
        model.hint(hint)
    late: tuple[int, ...] = ()
    if model.late_by_level:
        model.minimise_late()
        model.solve(effort, num_workers)
        late = model.keep_late()
    model.minimise_makespan()
    solver = model.solve(effort, num_workers)
    return Optimum(
        num_late=late,
        makespan_s=solver.objective_value * TICK_S,
        proven_s=solver.best_objective_bound * TICK_S,
    )


def ticks(seconds: float) -> int:
    """Seconds as ticks; they must be whole."""
    whole = round(seconds / TICK_S)
    if abs(whole * TICK_S - seconds) > 1e-4:
        raise ValueError(f"{seconds} s are no whole number of {TICK_S} s")
    return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """One run that there may be, with what its slot holds before and after it."""

    expert: str
    stage: int
    calls: list[int]
    has: dict[int, Any]
    on: list[Any]
    begin: Any
    end: Any
    step: Any
    before: _State
    after: _State


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """Of each lineage, whether it serves and sleeps; of each expert, whether it answers."""

    up: dict[str, Any]
    asleep: dict[str, Any]
    holds: dict[str, Any]

    def all(self) -> list[Any]:
        return [*self.up.values(), *self.asleep.values(), *self.holds.values()]


class _Model:
    def __init__(
        self, workload: Workload, slots: Sequence[PlannedSlot], costs: ExpertCosts
    ) -> None:
        self._model = cp_model.CpModel()
        self._workload, self._slots, self._costs = workload, slots, costs
        self._memory: dict[str, float] = {}
        for cost in costs.values():
            self._memory[cost.lineage] = max(self._memory.get(cost.lineage, 0), cost.memory_gib)
        self._horizon = self._all_in_turn()
        self._nodes = [node for group in self._groups() for node in group]
        for slot in range(len(slots)):
            self._order(slot)
        self._precede()
        self._makespan = self._model.new_int_var(0, self._horizon, "makespan")
        for node in self._nodes:
            self._model.add(self._makespan >= node.end)
        self.late_by_level = self._late()

    def _all_in_turn(self) -> int:
        """Ticks that any sensible plan stays under: everything in turn on the slowest slot."""
        slowest, total_s = min(slot.speed for slot in self._slots), 0.0
        for call in range(self._workload.num_calls):
            cost = self._costs[self._expert(call)]
            base_s = self._costs[cost.base].swap_s if cost.base else 0.0
            total_s += self._work_s(call) / slowest + cost.tail_s
            total_s += max(cost.swap_s + base_s, cost.start_s)
        return ticks(max(slot.free_s for slot in self._slots)) + round(total_s / TICK_S) + 1

    def _expert(self, call: int) -> str:
        return self._workload.experts[self._workload.expert[call]]

    def _work_s(self, call: int) -> float:
        cost = self._costs[self._expert(call)]
        return float(
            self._workload.prompt_tokens[call] * cost.prompt_token_s
            + self._workload.output_tokens[call] * cost.output_token_s
        )

    def _groups(self) -> list[list[_Node]]:
        calls = defaultdict(list)
        for call in range(self._workload.num_calls):
            calls[self._expert(call), int(self._workload.stage[call])].append(call)
        return [self._group(expert, stage, own) for (expert, stage), own in calls.items()]

    def _group(self, expert: str, stage: int, calls: list[int]) -> list[_Node]:
        count = min(NUM_PARTS, len(calls))
        nodes = [self._node(expert, stage, calls, number) for number in range(count)]
        for call in calls:
            self._model.add_exactly_one(node.has[call] for node in nodes)
        # Runs of a group are alike: the first call is in the first.
        self._model.add(nodes[0].has[calls[0]] == 1)
        return nodes

    def _node(self, expert: str, stage: int, calls: list[int], number: int) -> _Node:
        model, name = self._model, f"{expert}.{stage}.{number}"
        node = _Node(
            expert=expert,
            stage=stage,
            calls=calls,
            has={call: model.new_bool_var(f"{name} has {call}") for call in calls},
            on=[model.new_bool_var(f"{name} on {slot.name}") for slot in self._slots],
            begin=model.new_int_var(0, self._horizon, f"{name} begins"),
            end=model.new_int_var(0, self._horizon, f"{name} ends"),
            step=model.new_int_var(0, self._horizon, f"{name} step"),
            before=self._state(f"{name} before"),
            after=self._state(f"{name} after"),
        )
        model.add_at_most_one(node.on)
        for call in calls:
            model.add(sum(node.on) >= node.has[call])
        model.add(sum(node.has.values()) >= sum(node.on))
        for slot, there in enumerate(self._slots):
            self._work(node, slot, there)
        self._step(node)
        return node

    def _work(self, node: _Node, slot: int, there: PlannedSlot) -> None:
        cost, model = self._costs[node.expert], self._model
        may = there.experts is None or node.expert in there.experts
        if not may or cost.memory_gib > there.memory_gib:
            model.add(node.on[slot] == 0)
            return
        work = sum(ticks(self._work_s(call) / there.speed) * node.has[call] for call in node.calls)
        took = node.begin + node.step + work + ticks(cost.tail_s)
        model.add(node.end == took).only_enforce_if(node.on[slot])
        if there.memory_gib < inf:
            room = sum(round(self._memory[one] * 10) * up for one, up in node.after.up.items())
            model.add(room <= round(there.memory_gib * 10)).only_enforce_if(node.on[slot])

    def _state(self, name: str) -> _State:
        def flags(names: Sequence[str], what: str) -> dict[str, Any]:
            return {one: self._model.new_bool_var(f"{name} {what} {one}") for one in names}

        lineages = sorted(self._memory)
        return _State(
            up=flags(lineages, "up"),
            asleep=flags(lineages, "asleep"),
            holds=flags(sorted(self._costs), "holds"),
        )

    def _step(self, node: _Node) -> None:
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

    def _step_s(self, node: _Node, stays: Any, adds: Any, swaps: Any, enters: Any) -> None:
        cost, model = self._costs[node.expert], self._model
        base_s = self._costs[cost.base].swap_s if cost.base else 0.0
        model.add(node.step == 0).only_enforce_if(stays)
        model.add(node.step == ticks(cost.swap_s)).only_enforce_if(adds)
        model.add(node.step == ticks(cost.swap_s + base_s)).only_enforce_if(swaps)
        asleep = node.before.asleep[cost.lineage]
        wake_s = min(cost.wake_s, cost.start_s)
        model.add(node.step == ticks(wake_s)).only_enforce_if(enters, asleep)
        model.add(node.step == ticks(cost.start_s)).only_enforce_if(enters, ~asleep)

    def _make_room(self, node: _Node, lineage: str, enters: Any) -> None:
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

    def _order(self, slot: int) -> None:
        """A slot's runs in a row, each taking over what the one before it leaves."""
        model, arcs = self._model, []
        there = self._slots[slot]
        empty = model.new_bool_var("")
        arcs.append((0, 0, empty))
        for number, node in enumerate(self._nodes, start=1):
            arcs.append((number, number, ~node.on[slot]))
            first, last = model.new_bool_var(""), model.new_bool_var("")
            arcs += [(0, number, first), (number, 0, last)]
            model.add(node.begin >= ticks(there.free_s)).only_enforce_if(node.on[slot])
            self._begin(node, there, first)
            for other, earlier in enumerate(self._nodes, start=1):
                if other != number:
                    follows = model.new_bool_var("")
                    arcs.append((other, number, follows))
                    model.add(node.begin >= earlier.end).only_enforce_if(follows)
                    for now, then in zip(node.before.all(), earlier.after.all(), strict=True):
                        model.add(now == then).only_enforce_if(follows)
        model.add_circuit(arcs)

    def _begin(self, node: _Node, there: PlannedSlot, first: Any) -> None:
        """The state at a slot's beginning."""
        up = {*there.serving, *(self._costs[one].lineage for one in there.residents)}
        for lineage in self._memory:
            told = node.before.up[lineage] == int(lineage in up)
            self._model.add(told).only_enforce_if(first)
            slept = node.before.asleep[lineage] == int(lineage in there.asleep)
            self._model.add(slept).only_enforce_if(first)
        for expert in self._costs:
            held = node.before.holds[expert] == int(expert in there.residents)
            self._model.add(held).only_enforce_if(first)

    def _precede(self) -> None:
        workload = self._workload
        nodes = defaultdict(list)
        for node in self._nodes:
            for call in node.calls:
                nodes[call].append(node)
        for later in range(workload.num_calls):
            for earlier in range(workload.num_calls):
                if (
                    workload.request[earlier] == workload.request[later]
                    and workload.stage[earlier] < workload.stage[later]
                ):
                    for node in nodes[later]:
                        for before in nodes[earlier]:
                            self._model.add(node.begin >= before.end).only_enforce_if(
                                node.has[later], before.has[earlier]
                            )

    def _late(self) -> list[Any]:
        """Of each priority, the highest first: how many requests are late."""
        workload, late = self._workload, defaultdict(list)
        for request, deadline_s in enumerate(workload.deadline_s.tolist()):
            if deadline_s == inf:
                continue
            is_late = self._model.new_bool_var(f"{request} is late")
            late[int(workload.priority[request])].append(is_late)
            for node in self._nodes:
                for call in node.calls:
                    if workload.request[call] == request:
                        self._model.add(node.end <= int(deadline_s / TICK_S)).only_enforce_if(
                            node.has[call], ~is_late
                        )
        if not late:
            return []
        return [sum(late[level]) for level in sorted(set(workload.priority.tolist()), reverse=True)]

    def minimise_late(self) -> None:
        """First goal: late requests, those of a higher priority first."""
        weight = self._workload.num_requests + 1
        total, scale = 0, 1
        for count in reversed(self.late_by_level):
            total += scale * count
            scale *= weight
        self._model.minimize(total)

    def keep_late(self) -> tuple[int, ...]:
        """No more late than were found."""
        found = tuple(int(self._solver.value(count)) for count in self.late_by_level)
        for count, most in zip(self.late_by_level, found, strict=True):
            self._model.add(count <= most)
        return found

    def minimise_makespan(self) -> None:
        """Second goal."""
        self._model.minimize(self._makespan)

    def solve(self, effort: float, num_workers: int) -> cp_model.CpSolver:
        """Solve for the goal set last."""
        self._solver = cp_model.CpSolver()
        self._solver.parameters.max_deterministic_time = effort
        self._solver.parameters.num_workers = num_workers
        self._solver.parameters.random_seed = 1
        status = self._solver.solve(self._model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            raise RuntimeError(f"no plan found: {self._solver.status_name(status)}")
        return self._solver

    def hint(self, plan: Plan) -> None:
        """Begin with a plan where it is of the class."""
        runs = defaultdict(list)
        for run in plan.runs:
            runs[run.expert, run.stage].append(run)
        names = [slot.name for slot in self._slots]
        for (expert, stage), own in runs.items():
            nodes = [one for one in self._nodes if (one.expert, one.stage) == (expert, stage)]
            own.sort(key=lambda run: int(run.calls.min()))
            if len(own) > len(nodes):
                continue
            for node, run in zip(nodes, own, strict=False):
                for call in node.calls:
                    self._model.add_hint(node.has[call], int(call in run.calls))
                for slot, name in enumerate(names):
                    self._model.add_hint(node.on[slot], int(name == run.slot))
                self._model.add_hint(node.begin, round(run.begins_s / TICK_S))
                self._model.add_hint(node.end, round(run.ends_s / TICK_S))
