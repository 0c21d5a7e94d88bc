"""Slots as the endpoint tells of them: experts by id and version, times in seconds, JSON's numbers.

Built from what workers report, which know experts by `Expert.key`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

from orchestrator.api.residency_rows import (
    BrokenRow,
    CallsRow,
    CircuitRow,
    EngineRow,
    ExpertRef,
    HomeRow,
    MemoryRow,
    QueueRow,
    ResidencyState,
    ReuseRow,
    SlotRow,
    StepRow,
)
from orchestrator.engines.circuits import Circuit
from orchestrator.engines.recent_uses import Reuse
from orchestrator.engines.sighting import Residency, Sighting
from orchestrator.engines.slot import HostReport, SlotReport, Waiting
from orchestrator.residency.placement import DispatchTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """What the gateway that answers knows by itself."""

    #: Which one it is.
    gateway: str = ""
    #: That it answers from.
    generation: int
    #: `Expert.key` of all experts of it, and of those that need a slot.
    live: Collection[str]
    hosted: Collection[str]
    #: Those that are not closed.
    circuits: Sequence[Circuit] = ()


def residency_state(residency: Residency, here: Here) -> ResidencyState:
    """Every slot for the endpoint.

    Args:
        residency: as the slots' owner sees it.
        here: what this replica knows beside it.
    """
    view, table = _View(here.live), residency.table
    return ResidencyState(
        generation=here.generation,
        gateway=here.gateway,
        circuits=[view.circuit(one) for one in here.circuits],
        slots=[view.slot(one) for one in residency.slots],
        experts=[view.home(key, table) for key in sorted({*here.hosted, *table.slots_by_expert})],
    )


class _View:
    def __init__(self, live: Collection[str]) -> None:
        self._live = live

    def expert(self, key: str) -> ExpertRef:
        id_, _, version = key.partition("@")
        return ExpertRef(id=id_, version=version, is_live=key in self._live)

    def experts(self, keys: Iterable[str]) -> list[ExpertRef]:
        return [self.expert(key) for key in keys]

    def home(self, key: str, table: DispatchTable) -> HomeRow:
        slots, homes = list(table.slots(key)), list(table.homes(key))
        return HomeRow(expert=self.expert(key), slots=slots, homes=homes)

    def circuit(self, circuit: Circuit) -> CircuitRow:
        return CircuitRow(
            slot=None if circuit.is_upstream else circuit.engine,
            expert=self.expert(circuit.engine) if circuit.is_upstream else None,
            state=circuit.state,
            for_s=circuit.for_s,
            retry_s=circuit.retry_s,
            reason=circuit.reason,
            num_failures=circuit.num_failures,
        )

    def slot(self, sighting: Sighting) -> SlotRow:
        row = SlotRow(
            name=sighting.slot,
            state=sighting.health,
            detail=sighting.detail,
            age_s=sighting.age_s,
            engines=self._engines(sighting),
        )
        report = sighting.report
        return row if report is None else row.model_copy(update=self._reported(report))

    def _reported(self, report: SlotReport) -> dict[str, object]:
        broken = sorted(report.broken.items())
        return {
            "action": report.action,
            "why": report.why,
            "queues": [self._queue(one) for one in report.waiting],
            "broken": [BrokenRow(expert=self.expert(key), why=why) for key, why in broken],
            "device": MemoryRow(taken_gib=report.device_gib, room_gib=report.device_room_gib),
            "host": MemoryRow(taken_gib=report.host_gib, room_gib=report.host_room_gib),
            "num_steps": dict(report.num_steps),
            "num_admitted": report.num_admitted,
            "num_hits": report.num_hits,
            "hit_rate": report.num_hits / report.num_admitted if report.num_admitted else None,
            "reuse": _reuse(report.reuse),
        }

    def _engines(self, sighting: Sighting) -> list[EngineRow]:
        """Engines that there are, then those that are wanted and not there."""
        hosts = () if sighting.report is None else sighting.report.hosts
        told = {one.lineage: one for one in sighting.engines}
        found = [
            self._engine(
                host,
                state=told[host.lineage].state if host.lineage in told else "up",
                detail=told[host.lineage].detail if host.lineage in told else "",
            )
            for host in hosts
        ]
        there = {host.lineage for host in hosts}
        missing = [
            EngineRow(id=one.lineage, lineage=one.lineage, state=one.state, detail=one.detail)
            for one in sighting.engines
            if one.lineage not in there
        ]
        return found + missing

    def _engine(self, host: HostReport, *, state: str, detail: str) -> EngineRow:
        return EngineRow(
            id=host.engine,
            lineage=host.lineage,
            state=state,
            detail=detail,
            rung=host.rung,
            num_experts=len(host.experts),
            residents=self.experts(host.residents),
            pinned=self.experts(host.pinned),
            in_flight=[
                CallsRow(expert=self.expert(key), num_calls=number)
                for key, number in sorted(host.in_flight.items())
            ],
            step=self._step(host),
            draining_for=None if host.draining_for is None else self.expert(host.draining_for),
            last_step_s=host.last_swap_s,
            down=host.down,
        )

    def _step(self, host: HostReport) -> StepRow | None:
        if host.step is None:
            return None
        to = None if host.swapping_to is None else self.expert(host.swapping_to)
        return StepRow.model_validate({"kind": host.step, "expert": to, "for_s": host.step_s or 0})

    def _queue(self, waiting: Waiting) -> QueueRow:
        return QueueRow(
            expert=self.expert(waiting.expert),
            num_calls=waiting.num_calls,
            oldest_s=waiting.oldest_s,
            expected_s=waiting.expected_s if isfinite(waiting.expected_s) else None,
        )


def _reuse(reuse: Reuse | None) -> ReuseRow | None:
    if reuse is None:
        return None
    return ReuseRow(
        num_uses=reuse.num_uses,
        horizon=reuse.horizon,
        capacity=reuse.capacity,
        srp=reuse.srp,
        sch=reuse.sch,
    )
