"""What a slot says of itself: what it hosts, holds and does, and who waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.engines.recent_uses import Reuse
from orchestrator.residency.state import Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The calls that wait for one expert of a slot."""

    #: Its `Expert.key`.
    expert: str
    num_calls: int
    #: How long the first has waited, and until its turn, seconds.
    oldest_s: float
    expected_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """What one engine of a slot is doing; experts are named by `Expert.key`."""

    #: Its id in the slot, unique there: a lineage may have several engines.
    engine: str
    lineage: str
    #: What it takes calls for.
    experts: tuple[str, ...]
    rung: Rung
    #: The step under way, by its name in the cost model, and for how long, seconds.
    step: str | None
    step_s: float | None
    #: For whom it admits nothing more.
    draining_for: str | None
    #: Experts that an operator wants to stay.
    pinned: tuple[str, ...]
    #: What answers without a swap: weights that are loaded, and adapters on them.
    residents: tuple[str, ...]
    swapping_to: str | None
    #: Calls being answered, by expert.
    in_flight: Mapping[str, int]
    last_swap_s: float | None
    #: Why it takes no calls, `None` while it does.
    down: str | None
    #: Device memory that it holds while it serves, by the ledger, GiB.
    serving_gib: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotReport:
    """What a slot hosts and does: what the Conductor is rebuilt from."""

    name: str
    hosts: tuple[HostReport, ...]
    waiting: tuple[Waiting, ...] = ()
    #: Calls that nobody waits for, among those that wait; `waiting` does not count them.
    num_background: int = 0
    #: What the policy does next and why, one sentence each.
    action: str = ""
    why: str = ""
    #: Memory that the ledger has as taken, GiB.
    device_gib: float = 0.0
    host_gib: float = 0.0
    #: Steps that were taken, by their names in the cost model.
    num_steps: Mapping[str, int] = field(default_factory=dict)
    #: Calls that were admitted, and those of them whose expert was resident when they arrived.
    num_admitted: int = 0
    num_hits: int = 0
    #: Memory that the ledger has in all, GiB; `None` where it is not bounded.
    device_room_gib: float | None = None
    host_room_gib: float | None = None
    #: Experts that are left alone for now, and why.
    broken: Mapping[str, str] = field(default_factory=dict)
    #: What steps and calls took here on average, by expert, of those that were seen.
    swap_s: Mapping[str, float] = field(default_factory=dict)
    add_s: Mapping[str, float] = field(default_factory=dict)
    wake_s: Mapping[str, float] = field(default_factory=dict)
    start_s: Mapping[str, float] = field(default_factory=dict)
    call_s: Mapping[str, float] = field(default_factory=dict)
    #: How well recent calls suit what the slot holds; `None` before the first.
    reuse: Reuse | None = None

    @property
    def experts(self) -> tuple[str, ...]:
        """Keys of all that calls are taken for."""
        return tuple(dict.fromkeys(key for host in self.hosts for key in host.experts))

    @property
    def healthy(self) -> bool:
        """Whether every host takes calls."""
        return all(host.down is None for host in self.hosts)

    @property
    def residents(self) -> tuple[str, ...]:
        """Experts that answer without a swap."""
        return tuple(dict.fromkeys(key for host in self.hosts for key in host.residents))

    @property
    def is_empty(self) -> bool:
        """Whether no call waits or is being answered."""
        return not self.num_in_flight + self.num_waiting + self.num_background

    @property
    def num_in_flight(self) -> int:
        """Calls being answered."""
        return sum(sum(host.in_flight.values()) for host in self.hosts)

    @property
    def num_waiting(self) -> int:
        """Calls that wait, whatever their host."""
        return sum(waiting.num_calls for waiting in self.waiting)
