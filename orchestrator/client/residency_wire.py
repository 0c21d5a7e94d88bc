"""What the service says of its slots, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from orchestrator.client.wire_form import Wire


class ExpertRef(Wire):
    """One definition of an expert."""

    id: str
    version: str
    #: The live generation means this definition.
    is_live: bool = True


class StepUnderWay(Wire):
    """A step of the ladder."""

    #: `swap`, `add`, `wake`, `reload`, `start`, `sleep` or `stop`.
    kind: str
    expert: ExpertRef | None = None
    for_s: float


class CallsInFlight(Wire):
    """Calls of one expert that are being answered."""

    expert: ExpertRef
    num_calls: int


class EngineState(Wire):
    """One engine of a slot."""

    id: str
    lineage: str
    state: str
    detail: str = ""
    #: `serving`, `asleep`, `weightless` or `stopped`; `None` while it is not there.
    rung: str | None = None
    num_experts: int = 0
    residents: tuple[ExpertRef, ...] = ()
    pinned: tuple[ExpertRef, ...] = ()
    in_flight: tuple[CallsInFlight, ...] = ()
    step: StepUnderWay | None = None
    draining_for: ExpertRef | None = None
    last_step_s: float | None = None
    down: str | None = None


class Queue(Wire):
    """The calls that wait for one expert."""

    expert: ExpertRef
    num_calls: int
    oldest_s: float
    expected_s: float | None = None


class BrokenExpert(Wire):
    """An expert that is left alone for now."""

    expert: ExpertRef
    why: str


class Memory(Wire):
    """One ledger of a slot, GiB; `room_gib` is `None` where it is not bounded."""

    taken_gib: float
    room_gib: float | None = None


class Reuse(Wire):
    """How well a slot's recent calls suit a cache of experts."""

    num_uses: int
    horizon: int
    capacity: int
    srp: float
    sch: float


class SlotState(Wire):
    """One slot; of a silent one, what it said `age_s` ago."""

    name: str
    #: `starting`, `ready`, `failed` or `silent`.
    state: str
    detail: str = ""
    age_s: float | None = None
    action: str = ""
    why: str = ""
    engines: tuple[EngineState, ...] = ()
    queues: tuple[Queue, ...] = ()
    broken: tuple[BrokenExpert, ...] = ()
    device: Memory | None = None
    host: Memory | None = None
    num_steps: Mapping[str, int] = Field(default_factory=dict)
    num_admitted: int = 0
    num_hits: int = 0
    hit_rate: float | None = None
    reuse: Reuse | None = None


class Home(Wire):
    """Where one expert is."""

    expert: ExpertRef
    #: Slots that take calls for it, and those of them where it is at home.
    slots: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()


class CircuitState(Wire):
    """An engine that failed lately, as one gateway sees it."""

    #: Of a slot's circuit.
    slot: str | None = None
    #: Of an upstream's.
    expert: ExpertRef | None = None
    #: `open` or `half_open`.
    state: str
    for_s: float
    retry_s: float
    reason: str
    num_failures: int


class Residency(Wire):
    """Every slot, and who hosts what."""

    generation: int
    #: Who answered, and the circuits that are not closed there.
    gateway: str = ""
    circuits: tuple[CircuitState, ...] = ()
    slots: tuple[SlotState, ...]
    experts: tuple[Home, ...] = ()


class SlotOutcome(Wire):
    """What became of a wish at one slot."""

    slot: str
    #: `done` or `begun`.
    outcome: str
    took_s: float = 0.0


class Steered(Wire):
    """What became of a wish for an expert."""

    expert: str
    version: str
    #: `load`, `unload`, `pin` or `unpin`.
    wish: str
    slots: tuple[SlotOutcome, ...]
