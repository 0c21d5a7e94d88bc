"""Small things to plan: drawn by hypothesis, and written by hand."""

from __future__ import annotations

from math import inf

from hypothesis import strategies as st

from orchestrator.planner.slots import ExpertCost, ExpertCosts, PlannedSlot
from orchestrator.planner.workload import PlannedCall, Workload, WorkloadBuilder

Instance = tuple[Workload, list[PlannedSlot], ExpertCosts]


def workload(*requests: list[tuple[int, str, float]], deadline_s: float = inf) -> Workload:
    """Requests as lists of (stage, expert, output tokens)."""
    builder = WorkloadBuilder()
    for calls in requests:
        builder.add(
            [
                PlannedCall(stage=stage, expert=expert, prompt_tokens=0, output_tokens=tokens)
                for stage, expert, tokens in calls
            ],
            deadline_s=deadline_s,
        )
    return builder.workload()


def costs(*experts: str, **changes: float) -> dict[str, ExpertCost]:
    """Siblings of one lineage: a swap takes 5 s, a start 60 s, a token 1 s."""
    told = {"swap_s": 5.0, "start_s": 60.0, "output_token_s": 1.0, **changes}
    return {expert: ExpertCost(lineage="siblings", **told) for expert in experts}


def slot(name: str, *residents: str) -> PlannedSlot:
    """A slot whose engine of siblings serves."""
    return PlannedSlot(name=name, residents=residents, serving=("siblings",))


@st.composite
def instances(draw: st.DrawFn, *, max_requests: int = 7) -> Instance:
    """Workloads of up to three stages on up to three slots, with all kinds of steps."""
    names = [f"e{number}" for number in range(draw(st.integers(1, 6)))]
    told = _costs(draw, names)
    slots = [_slot(draw, f"s{number}", told) for number in range(draw(st.integers(1, 3)))]
    anyone = PlannedSlot(name="all", free_s=draw(st.integers(0, 9)), speed=1.0)
    return _workload(draw, names, max_requests), [*slots, anyone], told


def _costs(draw: st.DrawFn, names: list[str]) -> dict[str, ExpertCost]:
    lineages = {name: draw(st.sampled_from(["a", "b", "c"])) for name in names}
    told: dict[str, ExpertCost] = {}
    for name in names:
        earlier = [
            one for one in told if lineages[one] == lineages[name] and told[one].base is None
        ]
        told[name] = ExpertCost(
            lineage=lineages[name],
            base=draw(st.sampled_from([None, None, *earlier])),
            memory_gib=draw(st.sampled_from([1, 2, 3])),
            swap_s=draw(st.integers(0, 10)),
            wake_s=draw(st.sampled_from([inf, 4, 12])),
            start_s=draw(st.integers(5, 40)),
            prompt_token_s=0.2,
            output_token_s=1.0,
            tail_s=draw(st.sampled_from([0, 0.5, 2])),
        )
    return told


def _slot(draw: st.DrawFn, name: str, told: dict[str, ExpertCost]) -> PlannedSlot:
    sizes: dict[str, float] = {}
    for cost in told.values():
        sizes[cost.lineage] = max(sizes.get(cost.lineage, 0), cost.memory_gib)
    memory_gib = draw(st.sampled_from([3, 5, 9]))
    resident = draw(st.sampled_from([None, *told]))
    lineage = told[resident].lineage if resident is not None else None
    some = st.frozensets(st.sampled_from(sorted(told)), min_size=1)
    base = told[resident].base if resident is not None else None
    return PlannedSlot(
        name=name,
        experts=draw(st.one_of(st.none(), some)),
        memory_gib=memory_gib,
        residents=tuple(one for one in (base, resident) if one is not None),
        serving=() if lineage is None else (lineage,),
        asleep=tuple(one for one in sizes if one != lineage and draw(st.booleans())),
        free_s=draw(st.integers(0, 20)),
        speed=draw(st.sampled_from([0.5, 1.0, 2.0])),
    )


def _workload(draw: st.DrawFn, names: list[str], max_requests: int) -> Workload:
    builder = WorkloadBuilder()
    for _ in range(draw(st.integers(0, max_requests))):
        calls = [
            PlannedCall(
                stage=draw(st.integers(0, 2)),
                expert=draw(st.sampled_from(names)),
                prompt_tokens=draw(st.integers(0, 8)),
                output_tokens=draw(st.integers(0, 20)),
            )
            for _ in range(draw(st.integers(0, 4)))
        ]
        builder.add(
            calls,
            deadline_s=draw(st.sampled_from([inf, inf, 10, 40])),
            priority=draw(st.integers(0, 2)),
        )
    return builder.workload()
