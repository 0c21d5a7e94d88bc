"""Homes in simulated time: what the Conductor does with the load that gateways saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.residency.demand import Prices, demand_of
from orchestrator.residency.forecast import Arrangement
from orchestrator.residency.homes import Limits, Solver
from orchestrator.residency.load import Load, LoadMeter
from orchestrator.residency.rearranging import LEAST_BETWEEN_S, has_shifted, proposed
from orchestrator.residency.spaces import Lineage, SlotSpace
from orchestrator.simulation.machine import Machine
from orchestrator.simulation.trace import Request

#: Simulated time stands still meanwhile, so that a machine under load does not change the outcome
#: of small programs, which end sooner.
_LIMITS = Limits(time_s=2.0)


class Placing:
    """Chooses homes by what was asked so far, again once that has shifted.

    Args:
        machine: what slots are made of.
        lineage: what they all host.
        spaces: the slots.
        solver: see `residency.homes.arranged`.
        between_s: least time from one change to the next.
    """

    def __init__(
        self,
        machine: Machine,
        lineage: Lineage,
        spaces: Sequence[SlotSpace],
        *,
        solver: Solver,
        between_s: float = LEAST_BETWEEN_S,
    ) -> None:
        self._lineage, self._spaces, self._solver = lineage, spaces, solver
        self._between_s = between_s
        self._now_s = 0.0
        self._meter = LoadMeter(clock=lambda: self._now_s)
        self._looked_s = 0.0
        self._seen = Load()
        hosts = {lineage.id: tuple(space.name for space in spaces)}
        self._arrangement = Arrangement(hosts=hosts, homes={})
        self._prices = Prices(
            swap_s=machine.prior.step_s("swap", lineage.id),
            call_s=machine.prior.service_s,
            start_s=machine.prior.step_s("start", lineage.id),
            calls_beside=machine.capacity,
        )
        self.num_changes = 0

    @property
    def homes(self) -> Mapping[str, tuple[str, ...]]:
        """Slots by expert; those without are at home nowhere in particular."""
        return self._arrangement.homes

    def note(self, request: Request, *, now_s: float) -> None:
        """Take note of a call as it arrives; homes may change by it."""
        self._now_s = now_s
        stage_of = request.after[0] if request.after else request.id
        self._meter.note(request.expert, request=str(stage_of))
        if now_s - self._looked_s >= self._between_s:
            self._looked_s = now_s
            self._look()

    def _look(self) -> None:
        load = self._meter.load()
        if not has_shifted(self._seen, load):
            return
        self._seen = load
        demand = demand_of([self._lineage], self._spaces, load, self._prices)
        proposal = proposed(demand, self._arrangement, limits=_LIMITS, solver=self._solver)
        if proposal.is_worth:
            self._arrangement = proposal.arrangement
            self.num_changes += 1
