"""Until there is a planner: each expert once a stage, residents first, in one slot each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from orchestrator.compositions.base import Decision, Query
from orchestrator.compositions.programs import Programs
from orchestrator.compositions.size import size_of
from orchestrator.planner.plan import Plan, Run
from orchestrator.planner.slots import ExpertCosts, PlannedSlot
from orchestrator.planner.workload import PlannedCall, Workload


def outlined(programs: Programs, query: Query, decision: Decision) -> tuple[PlannedCall, ...]:
    """One call of the expert that was decided for."""
    del programs
    if decision.answered_by is None:
        return ()
    size = size_of(query.prompt)
    num_out = query.sampling.max_tokens or 64
    tokens = (size.low + size.high) / 2
    return (
        PlannedCall(stage=0, expert=decision.expert, prompt_tokens=tokens, output_tokens=num_out),
    )


def planned(workload: Workload, slots: Sequence[PlannedSlot], costs: ExpertCosts) -> Plan:
    """Runs one after the other."""
    runs: list[Run] = []
    free_s = {slot.name: slot.free_s for slot in slots}
    for stage, expert in np.unique(np.stack([workload.stage, workload.expert]), axis=1).T:
        name = workload.experts[expert]
        calls = np.flatnonzero((workload.stage == stage) & (workload.expert == expert))
        able = [s for s in slots if s.experts is None or name in s.experts]
        slot = min(able, key=lambda s: free_s[s.name])
        is_resident = name in slot.residents
        begins_s = free_s[slot.name]
        took_s = float(len(calls)) * costs[name].output_token_s
        free_s[slot.name] = begins_s + took_s
        runs.append(
            Run(
                slot=slot.name, expert=name, stage=int(stage), calls=calls, begins_s=begins_s,
                step=None if is_resident else "swap", step_s=0.0, ends_s=begins_s + took_s,
                num_tokens=float(workload.output_tokens[calls].sum()),
            )
        )  # fmt: skip
    runs.sort(key=lambda run: (run.stage, run.step is not None))
    return Plan(runs=tuple(runs), makespan_s=max(free_s.values(), default=0.0), lower_bound_s=0.0)


arrival_order = planned
