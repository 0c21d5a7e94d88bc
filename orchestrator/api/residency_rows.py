"""What the endpoint tells of slots, row by row."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.costs.prior import Step
from orchestrator.engines.breaker import FailureKind, State
from orchestrator.engines.sighting import SlotHealth
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
