"""An engine of a simulated slot: what it holds and does, as the policy sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from math import inf

from orchestrator.residency.state import Change, EngineState, Footprint
from orchestrator.residency.tickets import Ticket


@dataclass(slots=True, kw_only=True)
class SimulatedEngine:
    """Holds one expert at a time and becomes any other of them in place."""

    id: str
    experts: Collection[str]
    capacity: int
    footprint: Footprint
    resident: str | None = None
    in_flight: Counter[str] = field(default_factory=Counter)
    change: Change | None = None
    draining_for: str | None = None
    background: dict[int, Ticket] = field(default_factory=dict)
    admitted_s: float = 0.0
    foreground_s: float = -inf
    since_s: float = 0.0

    @property
    def state(self) -> EngineState:
        """As the policy sees it."""
        return EngineState(
            id=self.id,
            lineage="simulated",
            experts=self.experts,
            residents=() if self.resident is None else (self.resident,),
            in_flight=self.in_flight,
            capacity=self.capacity,
            background=self.background,
            admitted_s=self.admitted_s,
            foreground_s=self.foreground_s,
            change=self.change,
            draining_for=self.draining_for,
            since_s=self.since_s,
            footprints={"serving": self.footprint},
        )

    def admit(self, ticket: Ticket, *, now_s: float) -> None:
        """Take one more call, which its expert must be in place for."""
        expert = ticket.expert
        assert self.change is None, f"{self.id}: a call for {expert!r} during {self.change}"
        assert self.resident == expert, f"{self.id} holds {self.resident!r}, not {expert!r}"
        assert self.in_flight.total() < self.capacity, f"{self.id} takes no more calls"
        self.in_flight[expert] += 1
        if ticket.is_background:
            self.background[ticket.id] = ticket
        else:
            self.admitted_s = self.foreground_s = now_s

    def finish(self, ticket: Ticket, *, now_s: float) -> None:
        """A call was answered, or given up."""
        self.in_flight[ticket.expert] -= 1
        self.in_flight += Counter()  # drops what is down to zero
        if self.background.pop(ticket.id, None) is None:
            self.foreground_s = now_s

    def begin_swap(self, expert: str, *, now_s: float) -> None:
        """Start to become another expert."""
        assert not self.in_flight, f"{self.id}: a swap to {expert!r} beside {self.in_flight}"
        assert self.change is None, f"{self.id}: a swap to {expert!r} during {self.change}"
        self.change = Change(step="swap", expert=expert, began_s=now_s)
        self.resident = None

    def end_swap(self, *, now_s: float) -> str:
        """The expert is in place."""
        assert self.change is not None
        assert self.change.expert is not None
        self.resident, self.since_s = self.change.expert, now_s
        self.change = self.draining_for = None
        return self.resident
