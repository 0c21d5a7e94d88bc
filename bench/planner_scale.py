"""One large plan in a process of its own, so that its memory is its own; prints JSON."""

from __future__ import annotations

import json
import resource
import sys
from time import perf_counter, process_time

import numpy as np

from orchestrator.planner.planner import planned
from orchestrator.planner.slots import ExpertCost, PlannedSlot
from orchestrator.planner.workload import Workload

NUM_STAGES = 3
_NUM_LINEAGES = 8


def large(
    num_requests: int, num_experts: int, num_slots: int
) -> tuple[Workload, list[PlannedSlot], dict[str, ExpertCost]]:
    """Requests of a call a stage, experts by Zipf; siblings of eight lineages, which all fit."""
    dice = np.random.default_rng(5)
    num_calls = num_requests * NUM_STAGES
    weights = 1 / np.arange(1, num_experts + 1)
    workload = Workload(
        experts=tuple(f"e{number}" for number in range(num_experts)),
        request=np.repeat(np.arange(num_requests, dtype=np.int32), NUM_STAGES),
        stage=np.tile(np.arange(NUM_STAGES, dtype=np.int32), num_requests),
        expert=dice.choice(num_experts, num_calls, p=weights / weights.sum()).astype(np.int32),
        prompt_tokens=dice.integers(50, 500, num_calls).astype(np.float32),
        output_tokens=dice.integers(20, 400, num_calls).astype(np.float32),
        deadline_s=np.full(num_requests, np.inf, dtype=np.float32),
        priority=np.zeros(num_requests, dtype=np.int32),
    )
    costs = {
        name: ExpertCost(
            lineage=f"l{number % _NUM_LINEAGES}",
            memory_gib=10,
            swap_s=2.0,
            wake_s=3.0,
            start_s=30.0,
            prompt_token_s=1e-5,
            output_token_s=5e-4,
            tail_s=1.0,
        )
        for number, name in enumerate(workload.experts)
    }
    slots = [PlannedSlot(name=f"s{number}", memory_gib=80) for number in range(num_slots)]
    return workload, slots, costs


def main() -> int:
    """Plan `requests experts slots` and print what it took."""
    instance = large(*map(int, sys.argv[1:4]))
    began_s, cpu_s = perf_counter(), process_time()
    plan = planned(*instance)
    figures = {
        "took_s": perf_counter() - began_s,
        "cpu_s": process_time() - cpu_s,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
        "num_requests": int(sys.argv[1]),
        "num_calls": instance[0].num_calls,
        "makespan_s": plan.makespan_s,
        "lower_bound_s": plan.lower_bound_s,
        "gap": plan.gap,
        "num_runs": len(plan.runs),
        "num_swaps": plan.num_swaps,
    }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
