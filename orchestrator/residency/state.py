"""A slot as a policy sees it: its engines, what they hold, do and can become."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from orchestrator.costs.prior import Step
from orchestrator.residency.tickets import Ticket

#: Steps of the ladder an engine can stand on: it answers; its weights are in host memory; it keeps
#: its process and no weights; it has no process.
Rung = Literal["serving", "asleep", "weightless", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Memory an engine holds on one rung; of a sleeper, its residue."""

    device_gib: float = 0.0
    host_gib: float = 0.0


_NOTHING = Footprint()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A step under way; the engine admits nothing but beside an addition."""

    step: Step
    #: What it will hold, `None` where it will answer nothing.
    expert: str | None = None
    began_s: float = 0.0
    #: The rung it will stand on.
    to: Rung = "serving"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """One engine of a slot."""

    id: str
    lineage: str
    #: What it can become: keys of the experts of its lineage, adapters included.
    experts: Collection[str] = ()
    #: The adapters among `experts`, each with a name for the weights it is put on.
    weights_by_adapter: Mapping[str, str] = field(default_factory=dict)
    rung: Rung = "serving"
    #: Rungs it can take, as detected.
    rungs: tuple[Rung, ...] = ("serving",)
    #: What answers without a step, the least recently used first: the expert whose weights are
    #: loaded and the adapters added to them. None while that is not certain. A sleeper keeps the
    #: name of what it wakes up with.
    residents: tuple[str, ...] = ()
    #: Adapters, resident or not, that belong on the weights that are loaded.
    adapters: Collection[str] = ()
    #: Adapters that may be resident at once.
    max_adapters: int = 0
    #: Calls being answered, by expert; every count is at least one.
    in_flight: Mapping[str, int] = field(default_factory=dict)
    #: Those of them that nobody waits for, by ticket, in the order in which they were admitted,
    #: and which of these are letting go of the engine.
    background: Mapping[int, Ticket] = field(default_factory=dict)
    recalled: Collection[int] = ()
    #: When the last call in flight that somebody waits for was admitted, and when the last such
    #: call was admitted or ended.
    admitted_s: float = 0.0
    foreground_s: float = -inf
    #: Calls it takes at once, at least one.
    capacity: int
    change: Change | None = None
    #: The expert for whose sake nothing more is admitted: it takes over when the last call ends.
    draining_for: str | None = None
    #: When the last step ended.
    since_s: float = 0.0
    #: Memory by rung; a rung that is not named takes none.
    footprints: Mapping[Rung, Footprint] = field(default_factory=dict)
    #: Whether its weights were in host memory once: that memory is not given back by waking.
    has_slept: bool = False
    #: Why it takes no calls, `None` while it does.
    down: str | None = None
    #: Until when one that is down is not tried again.
    retry_at_s: float = 0.0
    #: Whether the slot should hold it: one that is not wanted answers who waits, and ends.
    is_wanted: bool = True
    #: Whether it is to step down once nobody needs it, and to stay there until it is called.
    is_resting: bool = False
    #: Whether it admits nothing more, since the slot has less memory than its engines hold.
    is_surplus: bool = False
    #: Experts among `experts` that an operator wants to stay where they are.
    pinned: Collection[str] = ()
    #: What it may be started with ahead of need, where that is more than `experts`.
    starters: Collection[str] = ()
    #: What it held last whose weights are its own: what a stopped one starts with again.
    last_expert: str | None = None
    #: Device memory that the slot's engines held when it found too little: less must be held
    #: before it is tried again.
    denied_gib: float | None = None

    @property
    def num_in_flight(self) -> int:
        """Calls being answered, whatever their expert."""
        return sum(self.in_flight.values())

    @property
    def num_foreground(self) -> int:
        """Calls being answered that somebody waits for."""
        return self.num_in_flight - len(self.background)

    @property
    def is_serving(self) -> bool:
        """Whether it can answer, apart from a step under way."""
        return self.rung == "serving" and self.down is None and not self.is_surplus

    @property
    def is_settled(self) -> bool:
        """Whether it serves and is to go on: nothing is to be done with it ahead of need."""
        is_kept = self.is_wanted and not self.is_resting and not self.is_surplus
        return is_kept and self.rung == "serving"

    @property
    def is_pinned(self) -> bool:
        """Whether it holds something that is to stay."""
        return self.is_wanted and any(one in self.pinned for one in self.residents)

    @property
    def idle_adapters(self) -> tuple[str, ...]:
        """Resident adapters that may go: they answer no call, the least recently used first."""
        return tuple(
            one
            for one in self.residents
            if one in self.adapters and one not in self.in_flight and one not in self.pinned
        )

    @property
    def has_adapter_room(self) -> bool:
        """Whether one more adapter can be added without taking another away."""
        return sum(one in self.adapters for one in self.residents) < self.max_adapters

    @property
    def footprint(self) -> Footprint:
        """What it holds on its rung."""
        return self.footprints.get(self.rung, _NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotState:
    """What one slot is doing now."""

    engines: tuple[EngineState, ...]
    device_gib: float = float("inf")
    host_gib: float = float("inf")
    #: What engines may hold of the device ahead of need: less than there is by the ledger, once an
    #: engine found less than the ledger has.
    ahead_gib: float = float("inf")
    #: Engines that may start at a time.
    at_once: int = 1
    #: Whether steps that take or give memory are made one at a time, whatever the engine.
    moves_alone: bool = False
    #: Experts that are left alone for now, since they could not be made resident.
    broken: Collection[str] = ()

    @property
    def may_start(self) -> bool:
        """Whether one more engine may start now."""
        starting = (one.change is not None and one.change.step == "start" for one in self.engines)
        return sum(starting) < self.at_once

    @property
    def may_move(self) -> bool:
        """Whether one more step that takes or gives memory may begin now."""
        changes = (engine.change for engine in self.engines)
        moving = (one is not None and one.step not in ("swap", "add") for one in changes)
        return not (self.moves_alone and any(moving))

    def engine(self, engine_id: str) -> EngineState:
        """The engine of this id, which is here."""
        return next(engine for engine in self.engines if engine.id == engine_id)
