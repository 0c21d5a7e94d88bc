"""Slots as the endpoint tells of them: experts by id and version, times in seconds, JSON's numbers.

Built from what workers report, which know experts by `Expert.key`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.costs.prior import Step
from orchestrator.engines.breaker import FailureKind, State
from orchestrator.engines.circuits import Circuit
from orchestrator.engines.recent_uses import Reuse
from orchestrator.engines.sighting import Residency, Sighting, SlotHealth
from orchestrator.engines.slot import HostReport, SlotReport, Waiting
from orchestrator.residency.placement import DispatchTable
from orchestrator.residency.state import Rung


class Row(BaseModel):
    """A part of the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpertRef(Row):
    """One definition of an expert."""

    id: str
    version: str
    is_live: bool = Field(description="Whether the live generation means this definition.")


class StepRow(Row):
    """A step of the ladder under way."""

    kind: Step
    expert: ExpertRef | None = Field(None, description="For whom; none of a step down.")
    for_s: float


class CallsRow(Row):
    """Calls of one expert that are being answered."""

    expert: ExpertRef
    num_calls: int


class EngineRow(Row):
    """One engine of a slot."""

    id: str
    lineage: str
    state: str = Field(description="Towards what the slot should hold: `up`, `starting`, ….")
    detail: str
    rung: Rung | None = Field(None, description="None while it is not there.")
    num_experts: int = Field(0, description="Experts that it can become.")
    residents: list[ExpertRef] = Field([], description="What answers without a step.")
    pinned: list[ExpertRef] = []
    in_flight: list[CallsRow] = []
    step: StepRow | None = None
    draining_for: ExpertRef | None = Field(None, description="Nobody else is let in meanwhile.")
    last_step_s: float | None = None
    down: str | None = Field(None, description="Why it takes no calls.")


class QueueRow(Row):
    """The calls that wait for one expert."""

    expert: ExpertRef
    num_calls: int
    oldest_s: float = Field(description="How long the first has waited.")
    expected_s: float | None = Field(description="Until its turn; none where nobody can tell.")


class BrokenRow(Row):
    """An expert that is left alone for now."""

    expert: ExpertRef
    why: str


class MemoryRow(Row):
    """One ledger of a slot, GiB."""

    taken_gib: float
    room_gib: float | None = Field(description="In all; none where it is not bounded.")


class ReuseRow(Row):
    """How well recent calls suit a cache of experts (arXiv:2505.16056)."""

    num_uses: int = Field(description="Calls that it is of.")
    horizon: int = Field(description="Calls that a fixed set lasts for, and that are foreseen.")
    capacity: int = Field(description="Experts that the slot holds at once.")
    srp: float = Field(description="Best F1 of one fixed set of experts.")
    sch: float = Field(description="Hit rate if the next calls were known.")


class SlotRow(Row):
    """One slot."""

    name: str
    state: SlotHealth = Field(description="`silent`: all below is what it said `age_s` ago.")
    detail: str
    age_s: float | None = Field(description="Since it said so; none where it never did.")
    action: str = Field("", description="The last decision that was no admission, and its reason.")
    why: str = Field("", description="What keeps it from the next one now.")
    engines: list[EngineRow] = []
    queues: list[QueueRow] = []
    broken: list[BrokenRow] = []
    device: MemoryRow | None = None
    host: MemoryRow | None = None
    num_steps: dict[str, int] = Field({}, description="Steps that were taken, by kind.")
    num_admitted: int = 0
    num_hits: int = Field(0, description="Calls whose expert was resident when they arrived.")
    hit_rate: float | None = None
    reuse: ReuseRow | None = None


class HomeRow(Row):
    """Where one expert is."""

    expert: ExpertRef
    slots: list[str] = Field(description="That take calls for it.")
    homes: list[str] = Field(description="Of those, where it is at home, the first preferred.")


class CircuitRow(Row):
    """An engine that failed lately, as the gateway that answers sees it."""

    slot: str | None = Field(description="None of an upstream.")
    expert: ExpertRef | None = Field(description="Of an upstream; none of a slot.")
    state: State = Field(description="`half_open`: the next call, or one under way, tries it.")
    for_s: float = Field(description="Since it opened last.")
    retry_s: float = Field(description="Until a call tries it.")
    reason: FailureKind = Field(description="The last failure.")
    num_failures: int = Field(description="In a row.")


class ResidencyState(Row):
    """Every slot, and who hosts what."""

    generation: int
    gateway: str = Field("", description="Which one answers: `circuits` are its own.")
    circuits: list[CircuitRow] = Field([], description="Those that are not closed.")
    slots: list[SlotRow]
    experts: list[HomeRow]


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
