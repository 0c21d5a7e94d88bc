"""The Conductor's placement while it runs: homes by what gateways saw, engines moved if that pays.

An engine moves by being started in its new slot first: the old one is told to go once the new one
takes calls, so nobody is ever without.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from orchestrator.errors import ConflictError
from orchestrator.residency.demand import Demand, Prices, demand_of
from orchestrator.residency.forecast import Arrangement
from orchestrator.residency.homes import Limits, Solver
from orchestrator.residency.load import Load
from orchestrator.residency.placement_report import PlacementReport
from orchestrator.residency.rearranging import (
    LEAST_BETWEEN_S,
    Proposal,
    has_shifted,
    proposed,
)
from orchestrator.service.layout import claims_of, spaces_of
from orchestrator.service.plan import Plan
from orchestrator.service.reports import WorkerReport
from orchestrator.service.rollcall import Rollcall
from orchestrator.service.tables import typical_s

_LOG = logging.getLogger(__name__)

#: Between two looks at what was asked, seconds.
PERIOD_S = 5.0

Hosts = Mapping[str, tuple[str, ...]]


class Arranging:
    """Looks at the load now and then, and moves what is worth it.

    Args:
        rollcall: what every replica said last, and what is told to them.
        tell: called when workers have something new to be told.
        clock: seconds, monotonic.
        solver: see `residency.homes.arranged`.
    """

    def __init__(
        self,
        rollcall: Rollcall,
        *,
        tell: Callable[[], None],
        clock: Callable[[], float],
        solver: Solver,
    ) -> None:
        self._rollcall = rollcall
        self._tell = tell
        self._clock = clock
        self._solver = solver
        self._seen = Load()
        self._looked_s = clock()
        self._changed_s: float | None = None
        #: Where lineages are to be held alone, once all of those slots take calls for them.
        self._target: Hosts | None = None
        self._running = asyncio.Lock()

    async def keep(self) -> None:
        """Look at the load for ever."""
        while True:
            await asyncio.sleep(PERIOD_S)
            await self.look()

    async def look(self) -> None:
        """Move what is worth it, if enough was asked of others since the last look."""
        self._end_move()
        plan, load = self._rollcall.live, self._rollcall.gateways.load
        is_due = self._clock() - self._looked_s >= LEAST_BETWEEN_S or not self._seen.calls_per_s
        if plan is None or not plan.has_homes or self._is_changing or not is_due:
            return
        if has_shifted(self._seen, load):
            self._seen, self._looked_s = load, self._clock()
            await self._arrange(plan, load, carries_out=True)

    async def placement(self, carries_out: bool) -> PlacementReport:
        """What could be moved now; with `carries_out`, move it if it is worth it.

        Raises:
            ConflictError: nothing is live yet; with `carries_out`, an edit or an earlier move is
                under way.
        """
        self._end_move()
        plan = self._rollcall.live
        if plan is None:
            raise ConflictError("nothing is placed before the first generation is live")
        if carries_out and self._is_changing:
            raise ConflictError(
                "placement is being changed by an edit or an earlier move; ask again once "
                "GET /admin/registry prepares nothing and GET /admin/residency starts nothing"
            )
        return await self._arrange(plan, self._rollcall.gateways.load, carries_out=carries_out)

    @property
    def _is_changing(self) -> bool:
        return self._rollcall.is_changing or self._target is not None

    async def _arrange(self, plan: Plan, load: Load, *, carries_out: bool) -> PlacementReport:
        """One at a time: the next sees what this one moved."""
        async with self._running:
            demand = demand_of(
                claims_of(plan.layout),
                spaces_of(plan.layout),
                load,
                prices_of(self._rollcall.workers),
            )
            now = Arrangement(
                hosts=plan.layout.slots_by_lineage, homes=_homes_by_unit(demand, self._homes)
            )
            proposal = await asyncio.to_thread(
                proposed, demand, now, limits=Limits(), solver=self._solver
            )
            # An edit that began meanwhile places anew; what was found is of before.
            carried_out = carries_out and proposal.is_worth and self._rollcall.live is plan
            carried_out = carried_out and not self._is_changing
            report = self._report(plan, demand, proposal, load, is_carried_out=carried_out)
            if carried_out:
                self._carry_out(now.hosts, report)
            return report

    def _carry_out(self, hosts: Hosts, report: PlacementReport) -> None:
        _LOG.info("placement changes: %s", report.proposal.why)
        self._changed_s = self._clock()
        self._rollcall.settle_homes(report.proposed_homes)
        if report.proposed_hosts != hosts:
            both = {
                id_: tuple(dict.fromkeys((*slots, *hosts.get(id_, ()))))
                for id_, slots in report.proposed_hosts.items()
            }
            self._target = report.proposed_hosts
            self._rollcall.rearrange(both)
            self._tell()

    def _end_move(self) -> None:
        """Let go of where engines were, once all of where they are to be take calls."""
        if self._target is None:
            return
        if self._rollcall.is_changing:
            self._target = None  # the edit goes by what is placed, which both are
        elif self._rollcall.is_taken(self._target):
            self._rollcall.rearrange(self._target)
            self._target = None
            self._tell()

    @property
    def _homes(self) -> Mapping[str, tuple[str, ...]]:
        return self._rollcall.homes or {}

    def _report(
        self, plan: Plan, demand: Demand, proposal: Proposal, load: Load, *, is_carried_out: bool
    ) -> PlacementReport:
        then = proposal.arrangement
        changed_s = self._changed_s
        return PlacementReport(
            is_observed=plan.has_homes,
            load=load,
            homes=self._homes,
            proposed_homes=_homes_by_expert(demand, then.homes),
            hosts=plan.layout.slots_by_lineage,
            proposed_hosts=then.hosts,
            proposal=proposal,
            changed_s_ago=None if changed_s is None else self._clock() - changed_s,
            is_carried_out=is_carried_out,
        )


def prices_of(workers: Sequence[WorkerReport]) -> Prices:
    """What things take, as workers have seen it; defaults where they have not."""
    reports = [one.report for one in workers if one.report is not None]
    unseen = Prices()
    return Prices(
        swap_s_by_expert={key: s for one in reports for key, s in one.swap_s.items()},
        call_s_by_expert={key: s for one in reports for key, s in one.call_s.items()},
        swap_s=typical_s(workers, lambda report: report.swap_s) or unseen.swap_s,
        call_s=typical_s(workers, lambda report: report.call_s) or unseen.call_s,
        start_s=typical_s(workers, lambda report: report.start_s) or unseen.start_s,
    )


def _homes_by_unit(
    demand: Demand, homes: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    return {unit.id: homes[unit.id] for unit in demand.units if unit.id in homes}


def _homes_by_expert(
    demand: Demand, homes: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """A unit's experts are at home where it is."""
    return {
        key: homes[unit.id] for unit in demand.units if unit.id in homes for key in unit.experts
    }
