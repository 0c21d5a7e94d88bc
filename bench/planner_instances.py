"""Things to plan for the bench of the planner: small ones by chance, large ones in columns."""

from __future__ import annotations

import random
from math import inf

import numpy as np

from orchestrator.planner.slots import ExpertCost, PlannedSlot
from orchestrator.planner.workload import PlannedCall, Workload, WorkloadBuilder

#: How unequal experts are asked for: PEERS.md says Zipf; this comes nearest to its figures.
_ZIPF = 0.95

Instance = tuple[Workload, list[PlannedSlot], dict[str, ExpertCost]]


def small(seed: int) -> Instance:
    """One to three slots, two to eight experts, one to three stages, up to a dozen calls."""
    dice = random.Random(seed)
    names = [f"e{number}" for number in range(dice.randint(2, 8))]
    costs = _costs(dice, names)
    slots = [_slot(dice, f"s{number}", costs) for number in range(dice.randint(1, 3))]
    asked = set().union(*(slot.experts or set(names) for slot in slots))
    return _workload(dice, sorted(asked)), slots, costs


def zipf(num_slots: int) -> Instance:
    """PEERS.md's: 1,000 requests of 3 experts out of 16, by Zipf; one swap is 20 calls' work."""
    dice, names = np.random.default_rng(1), [f"e{number}" for number in range(16)]
    weights = 1 / np.arange(1, 17) ** _ZIPF
    builder = WorkloadBuilder()
    for _ in range(1000):
        drawn = dice.choice(16, 3, replace=False, p=weights / weights.sum())
        builder.add(
            PlannedCall(stage=0, expert=names[one], prompt_tokens=100, output_tokens=100)
            for one in drawn
        )
    cost = ExpertCost(lineage="siblings", swap_s=2, start_s=2, output_token_s=1e-3)
    slots = [PlannedSlot(name=f"s{number}") for number in range(num_slots)]
    return builder.workload(), slots, dict.fromkeys(names, cost)


def _costs(dice: random.Random, names: list[str]) -> dict[str, ExpertCost]:
    costs: dict[str, ExpertCost] = {}
    num_lineages = dice.randint(1, 3)
    tail_s = dice.choice([0.0, 0.5, 1.0])
    for name in names:
        lineage = f"l{dice.randrange(num_lineages)}"
        bases = [one for one in costs if costs[one].lineage == lineage and costs[one].base is None]
        is_adapter = bool(bases) and dice.random() < 0.3
        costs[name] = ExpertCost(
            lineage=lineage,
            base=dice.choice(bases) if is_adapter else None,
            memory_gib=10,
            swap_s=dice.choice([0.5, 1.0]) if is_adapter else dice.randint(2, 8),
            wake_s=dice.randint(8, 14) if dice.random() < 0.5 else inf,
            start_s=dice.randint(15, 40),
            output_token_s=0.5,
            tail_s=tail_s,
        )
    return costs


def _slot(dice: random.Random, name: str, costs: dict[str, ExpertCost]) -> PlannedSlot:
    resident = dice.choice([None, *costs])
    cost = costs.get(resident or "")
    lineages = sorted({one.lineage for one in costs.values()} - {cost.lineage if cost else ""})
    base = cost.base if cost else None
    return PlannedSlot(
        name=name,
        experts=None if dice.random() < 0.7 else frozenset(dice.sample(sorted(costs), 2)),
        memory_gib=dice.choice([10, 20, 30]),
        residents=tuple(one for one in (base, resident) if one is not None),
        serving=(cost.lineage,) if cost else (),
        asleep=tuple(one for one in lineages if dice.random() < 0.5),
        free_s=dice.choice([0, 0, 0, 5]),
        speed=dice.choice([1.0, 1.0, 2.0]),
    )


def _workload(dice: random.Random, experts: list[str]) -> Workload:
    num_stages, builder = dice.randint(1, 3), WorkloadBuilder()
    has_deadlines, num_calls = dice.random() < 0.25, dice.randint(3, 8)
    while num_calls > 0:
        calls = [
            PlannedCall(
                stage=stage,
                expert=dice.choice(experts),
                prompt_tokens=0,
                output_tokens=dice.randint(2, 40),
            )
            for stage in range(num_stages)
            for _ in range(dice.choice([1, 1, 2]) if stage == 0 else 1)
        ]
        num_calls -= len(calls)
        builder.add(
            calls,
            deadline_s=dice.choice([20, 40, 80]) if has_deadlines else inf,
            priority=dice.choice([0, 0, 1]) if has_deadlines else 0,
        )
    return builder.workload()
