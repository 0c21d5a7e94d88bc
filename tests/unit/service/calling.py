"""Plans, workers and gateways for a roll call."""

from dataclasses import replace
from pathlib import Path

from orchestrator.engines.assignment import EngineReport
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.slot import HostReport, SlotReport
from orchestrator.registry.models import Expert, Slot
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.placement import DispatchTable
from orchestrator.service.layout import Layout, Share
from orchestrator.service.plan import Plan
from orchestrator.service.reports import GatewayReport, WorkerReport
from orchestrator.service.rollcall import Rollcall

MATHS, FRENCH, LAW = (Expert(id=id_, model=id_) for id_ in ("maths", "french", "law"))
NEW_MATHS = MATHS.model_copy(update={"model": "maths-2"})


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def lineage(id_: str, *experts: Expert) -> Lineage:
    return Lineage(id=id_, experts=experts, root=Path())


def plan(
    number: int,
    keys: list[Expert] | None = None,
    *,
    leaving: tuple[Share, ...] = (),
    **by_slot: list[Lineage],
) -> Plan:
    shares = tuple(
        Share(name=name, slot=Slot(name=name, memory_gib=8), lineages=tuple(lineages))
        for name, lineages in by_slot.items()
    )
    placed: dict[str, tuple[str, ...]] = {}
    for share in shares:
        for expert in (one for line in share.lineages for one in line.experts):
            placed[expert.key] = (*placed.get(expert.key, ()), share.name)
    own = placed if keys is None else [one.key for one in keys]
    whole = {line.id: line for share in shares for line in share.lineages}
    parts = (
        replace(line, experts=tuple(one for one in line.experts if one.key in own))
        for line in whole.values()
    )
    table = DispatchTable(slots_by_expert=placed)
    return Plan(
        number=number,
        layout=Layout(shares=shares, table=table, own=tuple(parts), leaving=leaving),
        limits=LoopLimits(max_queue=64),
    )


def worker(rollcall: Rollcall, slot: str, *experts: Expert, **engines: str) -> WorkerReport:
    """A worker that holds what it is assigned, and says `engines`: lineage -> state."""
    assignment = rollcall.assignment(slot)
    host = HostReport(
        engine="llama",
        lineage="llama",
        rung="serving",
        step=None,
        step_s=None,
        draining_for=None,
        pinned=(),
        experts=tuple(expert.key for expert in experts),
        residents=(),
        swapping_to=None,
        in_flight={},
        last_swap_s=None,
        down=None,
    )
    return WorkerReport(
        slot=slot,
        state="ready",
        detail="ready",
        stamp=assignment and assignment.stamp,
        engines=tuple(
            EngineReport(lineage=id_, state=state, detail=f"{id_} {state}", is_wanted=True)
            for id_, state in engines.items()
        ),
        report=SlotReport(name=slot, hosts=(host,)),
    )


def gateway(id_: str = "g", *, live: int | None = 1, **fields) -> GatewayReport:
    return GatewayReport(id=id_, live=live, oldest=fields.pop("oldest", live), **fields)
