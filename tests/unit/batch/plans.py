"""A small plan and what it is of: two experts on two slots, and the same in arrival order."""

from __future__ import annotations

import numpy as np

from orchestrator.planner.plan import Plan, Run
from orchestrator.planner.workload import PlannedCall, Workload, WorkloadBuilder


def workload() -> Workload:
    """Four requests: maths, law, maths, and law whose answer maths aggregates."""
    builder = WorkloadBuilder()
    for expert in ("maths", "law", "maths"):
        builder.add([_call(expert)])
    builder.add([_call("law"), _call("maths", stage=1)])
    return builder.workload()


def _call(expert: str, *, stage: int = 0) -> PlannedCall:
    return PlannedCall(stage=stage, expert=expert, prompt_tokens=100.0, output_tokens=20.5)


def run(slot: str, expert: str, begins_s: float, ends_s: float, **more) -> Run:
    calls = np.array(more.pop("calls", [0]), dtype=np.int64)
    step_s = more.pop("step_s", 0.0)
    return Run(
        slot=slot,
        expert=expert,
        stage=more.pop("stage", 0),
        calls=calls,
        begins_s=begins_s,
        step="swap" if step_s else None,
        step_s=step_s,
        ends_s=ends_s,
        num_tokens=120.5 * len(calls),
    )


def plan() -> Plan:
    """One swap; three runs, not in order of time."""
    runs = (
        run("a", "maths", 0.0, 2.0, calls=[0, 2]),
        run("a", "maths", 3.5, 4.5, calls=[4], stage=1),
        run("b", "law", 0.0, 3.0, calls=[1, 3], step_s=1.0),
    )
    return Plan(runs=runs, makespan_s=4.5, lower_bound_s=4.0, num_late=1)


def arrival() -> Plan:
    """Every call a run, and a swap before each but the first."""
    runs = tuple(
        run("a", expert, 2.0 * n, 2.0 * n + 2, calls=[n], step_s=1.0 if n else 0.0)
        for n, expert in enumerate(["maths", "law", "maths", "law", "maths"])
    )
    return Plan(runs=runs, makespan_s=10.0, lower_bound_s=4.0)
