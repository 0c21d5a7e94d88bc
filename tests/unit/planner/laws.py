"""What every plan must keep to, checked anew from the plan alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from orchestrator.planner.plan import Plan, Run
from orchestrator.planner.slots import ExpertCost, ExpertCosts, PlannedSlot
from orchestrator.planner.workload import Workload

NEARLY_S = 1e-6


def faults(
    plan: Plan, workload: Workload, slots: Sequence[PlannedSlot], costs: ExpertCosts
) -> list[str]:
    """Every law that the plan breaks, in words."""
    return [
        *_calls(plan, workload),
        *_precedence(plan, workload),
        *(fault for slot in slots for fault in _slot(plan, workload, slot, costs)),
    ]


def _calls(plan: Plan, workload: Workload) -> list[str]:
    planned = [call for run in plan.runs for call in run.calls.tolist()]
    found = []
    if sorted(planned) != list(range(workload.num_calls)):
        found.append(f"calls {sorted(planned)} are not each of {workload.num_calls} once")
    for run in plan.runs:
        for call in run.calls:
            expert = workload.experts[workload.expert[call]]
            if (expert, workload.stage[call]) != (run.expert, run.stage):
                found.append(f"call {call} is in a run of another expert or stage")
    return found


def _precedence(plan: Plan, workload: Workload) -> list[str]:
    begins_s, ends_s = np.zeros(workload.num_calls), np.zeros(workload.num_calls)
    for run in plan.runs:
        begins_s[run.calls], ends_s[run.calls] = run.begins_s, run.ends_s
    return [
        f"call {later} begins before call {earlier} has ended"
        for later in range(workload.num_calls)
        for earlier in np.flatnonzero(workload.request == workload.request[later])
        if workload.stage[earlier] < workload.stage[later]
        and begins_s[later] < ends_s[earlier] - NEARLY_S
    ]


def _slot(plan: Plan, workload: Workload, slot: PlannedSlot, costs: ExpertCosts) -> list[str]:
    runs = [run for run in plan.runs if run.slot == slot.name]
    held = _Held(slot, costs)
    found, free_s = [], slot.free_s
    for run in runs:
        if slot.experts is not None and run.expert not in slot.experts:
            found.append(f"slot {slot.name} may not be asked for {run.expert}")
        if run.begins_s < free_s - NEARLY_S:
            found.append(f"runs overlap on {slot.name} at {run.begins_s}")
        found += held.take(run)
        cost = costs[run.expert]
        work_s = sum(
            float(workload.prompt_tokens[call]) * cost.prompt_token_s
            + float(workload.output_tokens[call]) * cost.output_token_s
            for call in run.calls
        )
        took_s = run.step_s + work_s / slot.speed + cost.tail_s
        if abs(run.ends_s - run.begins_s - took_s) > 1e-3:
            found.append(f"a run of {run.expert} takes {run.ends_s - run.begins_s}, not {took_s}")
        free_s = run.ends_s
    return found


class _Held:
    """A slot's engines as the runs say they change."""

    def __init__(self, slot: PlannedSlot, costs: ExpertCosts) -> None:
        self._slot, self._costs = slot, costs
        self._residents = set(slot.residents)
        self._up = set(slot.serving)
        self._sizes: dict[str, float] = {}
        for cost in costs.values():
            self._sizes[cost.lineage] = max(self._sizes.get(cost.lineage, 0), cost.memory_gib)

    def take(self, run: Run) -> list[str]:
        """Do a run's step; what is wrong with it."""
        cost, where = self._costs[run.expert], f"{run.expert} on {self._slot.name}"
        found = []
        for lineage in run.evicts:
            self._up.remove(lineage)
            self._drop(lineage)
        if (run.step is None) != (run.expert in self._residents):
            found.append(f"{where}: step {run.step} with {self._residents}")
        if run.step is not None:
            found += [f"{where}: {fault}" for fault in self._step(run, cost)]
        if sum(self._sizes[one] for one in self._up) > self._slot.memory_gib:
            found.append(f"{where}: {self._up} overdraw {self._slot.memory_gib} GiB")
        return found

    def _step(self, run: Run, cost: ExpertCost) -> list[str]:
        seconds = {"wake": cost.wake_s, "start": cost.start_s, "add": cost.swap_s}
        base_s = self._costs[cost.base].swap_s if cost.base else 0
        seconds["swap"] = cost.swap_s + base_s
        found = []
        if (run.step in ("wake", "start")) == (cost.lineage in self._up):
            found.append(f"{run.step} with engines {self._up}")
        if run.step_s != seconds[run.step or ""]:
            found.append(f"{run.step} takes {run.step_s}")
        if run.step == "add" and cost.base not in self._residents:
            found.append("its base is not there")
        if run.step != "add":
            self._drop(cost.lineage)
        self._up.add(cost.lineage)
        self._residents |= {run.expert} | ({cost.base} if cost.base else set())
        return found

    def _drop(self, lineage: str) -> None:
        gone = {one for one in self._residents if self._costs[one].lineage == lineage}
        self._residents -= gone
