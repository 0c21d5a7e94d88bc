"""What a batch is executed in, as whoever executes it sees it now and then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.planner.plan import Plan
from orchestrator.planner.slots import ExpertCosts, PlannedSlot
from orchestrator.planner.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Slots that answer, and what experts cost there."""

    slots: tuple[PlannedSlot, ...] = ()
    #: Of every expert that slots host, up or not; who is not named runs elsewhere.
    costs: ExpertCosts = field(default_factory=dict)
    #: Of the registry, `None` while none is live.
    generation: int | None = None

    @property
    def hosted(self) -> frozenset[str] | None:
        """Experts that a slot can be asked for now; `None` is all."""
        if any(slot.experts is None for slot in self.slots):
            return None
        return frozenset[str]().union(*(slot.experts or () for slot in self.slots))

    @property
    def form(self) -> tuple[object, ...]:
        """What a plan stands and falls with: another one has it made anew."""
        return self.generation, tuple((slot.name, slot.experts) for slot in self.slots)

    def residents(self, slot: str) -> frozenset[str]:
        """Who answers without a step there."""
        return next((frozenset(s.residents) for s in self.slots if s.name == slot), frozenset())


class Lookout(Protocol):
    """Sees slots."""

    async def look(self) -> Surroundings:
        """As they are now.

        Raises:
            OrchestratorError: nobody can say now; what was seen last holds.
        """
        ...


class Planner(Protocol):
    """Makes a plan; pure, and called in a thread."""

    def __call__(
        self, workload: Workload, slots: Sequence[PlannedSlot], costs: ExpertCosts
    ) -> Plan:
        """Runs of the workload's calls on the slots."""
        ...


class Paced(Protocol):
    """Learns what calls take."""

    def observe(
        self,
        expert: str,
        *,
        num_calls: int,
        prompt_tokens: float,
        output_tokens: float,
        took_s: float,
    ) -> None:
        """So many calls of an expert, beside each other, took a slot so long."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StillSurroundings:
    """A lookout that sees the same at all times: for upstreams alone, and for tests."""

    around: Surroundings = Surroundings()

    async def look(self) -> Surroundings:
        """See `Lookout`."""
        return self.around
