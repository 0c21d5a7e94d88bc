"""What every replica said last and what follows from it: values in, values out, no effects.

Generations are addressed by number, experts by `Expert.key`. What must be hosted is the newest
plan (the live registry, together with a proposed one), and of older plans the experts that some
request may still be pinned to, where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from orchestrator.engines.assignment import Assignment
from orchestrator.engines.lineage import Lineage
from orchestrator.residency.placement import DispatchTable
from orchestrator.service.attendance import Attendance
from orchestrator.service.gateways import Gateways
from orchestrator.service.layout import Share, assignment_of, with_hosts
from orchestrator.service.obstacles import Obstacles, of_slots
from orchestrator.service.pinned import vacant, with_pinned
from orchestrator.service.plan import Plan
from orchestrator.service.reports import Census, GatewayReport, WorkerReport
from orchestrator.service.tables import tabled


class Rollcall:
    """The replicas as the Conductor knows them.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.gateways = Gateways(clock=clock)
        self._workers = Attendance(clock=clock)
        self._live: Plan | None = None
        self._proposed: Plan | None = None
        self._older: dict[int, Plan] = {}
        self._announced: int | None = None
        #: When calls under way are to end, since the service stops.
        self._ends_s: float | None = None
        self._assignments: dict[str, Assignment] = {}
        #: Slots that are being restarted -> keys that they took calls for before.
        self._paused: dict[str, frozenset[str]] = {}
        #: `Expert.key` -> slots, `None` until they are chosen, or heard of from a gateway.
        self._homes: Mapping[str, tuple[str, ...]] | None = None
        #: Made once a change: gateways ask more often.
        self._table: DispatchTable | None = None

    @property
    def live(self) -> Plan | None:
        """The plan of the live generation, `None` before the first."""
        return self._live

    @property
    def is_changing(self) -> bool:
        """Whether a generation is proposed."""
        return self._announced is not None or self._proposed is not None

    @property
    def workers(self) -> tuple[WorkerReport, ...]:
        """Workers as they were at their last answer."""
        return self._workers.reports

    @property
    def homes(self) -> Mapping[str, tuple[str, ...]] | None:
        """`Expert.key` -> slots that are preferred, `None` while that is not known."""
        return self._homes

    @property
    def placed(self) -> dict[str, tuple[str, ...]]:
        """Lineage -> slots that hold it, by plan or else by what the workers say."""
        newest = self._newest
        if newest is not None:
            return newest.layout.slots_by_lineage
        found: dict[str, tuple[str, ...]] = {}
        for report in self.workers:
            for engine in report.engines:
                if engine.is_wanted:
                    found[engine.lineage] = (*found.get(engine.lineage, ()), report.slot)
        return found

    @property
    def own(self) -> tuple[Lineage, ...]:
        """Lineages of the live generation, as they run."""
        return () if self._live is None else self._live.layout.own

    @property
    def shares(self) -> tuple[Share, ...]:
        """Slots of the live generation, and what they hold of it."""
        return () if self._live is None else self._live.layout.shares

    @property
    def staff(self) -> frozenset[str]:
        """Slots that should have a worker: those that are wanted, and those that are not empty."""
        if self._newest is None:
            return frozenset(self._workers)
        wanted = {share.name for share in self._newest.layout.every_share}
        return frozenset(
            slot for slot in self._workers if slot in wanted or not self._is_over(slot)
        )

    @property
    def is_planned(self) -> bool:
        """Whether it is known what the slots should hold."""
        return self._newest is not None

    @property
    def holds_engines(self) -> bool:
        """Whether some worker says that it holds an engine."""
        return any(report.engines for report in self.workers)

    def hear_gateway(self, report: GatewayReport) -> None:
        """Take note of what a gateway says."""
        self.gateways.hear(report)
        if self._homes is None and (held := self.gateways.homes) is not None:
            self.settle_homes(held)
        self._forget_unpinned()

    def hear_worker(self, report: WorkerReport) -> None:
        """Take note of what a worker says, or that it says nothing."""
        self._workers.hear(report)
        self._table = None

    def dismiss(self, slot: str) -> None:
        """Forget a worker that has been ended; one that is wanted again by now is awaited anew."""
        self._workers.dismiss(slot)
        self._paused.pop(slot, None)
        self._assign()

    def stop(self, *, within_s: float) -> None:
        """Tell everybody that the service stops."""
        self._ends_s = self._clock() + within_s

    def pause(self, slot: str) -> None:
        """Have nobody send calls to a slot; those for what is nowhere else wait."""
        report = self._workers[slot].report
        self._paused[slot] = frozenset(() if report is None else report.experts)
        self._table = None

    def resume(self, slot: str) -> None:
        """Have calls sent to a slot again."""
        self._paused.pop(slot, None)
        self._table = None

    def is_back(self, slot: str, *, other_than: int | None) -> bool:
        """Whether another process than this one holds all that the slot should hold."""
        report = self._workers.report(slot)
        if report is None or report.process in (None, other_than):
            return False
        return report.state == "ready" and self.is_told(slot)

    def announce(self, number: int) -> None:
        """Have gateways get ready for a proposed generation, whose plan is still being made."""
        self._announced = number

    def propose(self, plan: Plan) -> None:
        """Have workers hold what a proposed generation needs beside what is live."""
        self._proposed = plan
        self._assign()

    def withdraw(self) -> None:
        """Forget the proposed generation."""
        self._announced, self._proposed = None, None
        self._assign()

    def settle(self, plan: Plan, *, older: Iterable[Plan] = ()) -> None:
        """Take note that the generation of `plan` is live; those before drain."""
        before = self._live
        self._announced, self._proposed, self._live = None, None, plan
        known = [*older, *([before] if before is not None else [])]
        self._older |= {one.number: one for one in known if one.number < plan.number}
        self._forget_unpinned()
        self._assign()

    def assignment(self, slot: str) -> Assignment | None:
        """What the worker of `slot` should hold, `None` while that is not known."""
        return self._assignments.get(slot)

    def is_told(self, slot: str) -> bool:
        """Whether the worker of `slot` holds the assignment it should."""
        wanted, report = self.assignment(slot), self._workers.report(slot)
        return wanted is None or (report is not None and report.stamp == wanted.stamp)

    def settle_homes(self, homes: Mapping[str, tuple[str, ...]]) -> None:
        """Have gateways prefer these slots, by `Expert.key`."""
        self._homes, self._table = homes, None

    def rearrange(self, hosts: Mapping[str, Sequence[str]]) -> None:
        """Have the live generation's lineages held in these slots; not while one is proposed."""
        if self._live is not None and self._proposed is None:
            self._live = replace(self._live, layout=with_hosts(self._live.layout, hosts))
            self._assign()

    def is_taken(self, hosts: Mapping[str, Sequence[str]]) -> bool:
        """Whether every slot takes calls for all that it should host of the live generation."""
        wanted = {one.id: {expert.key for expert in one.experts} for one in self.own}
        return all(
            wanted.get(lineage, set()) <= self._workers.taken(slot, lineage)
            for lineage, slots in hosts.items()
            for slot in slots
        )

    def census(self) -> Census:
        """Every slot as it was at its last answer."""
        told = (self._workers[slot] for slot in sorted(self._workers))
        return Census(
            table=self.table(),
            # Of a thousand experts the rest is 100 kB, twice a second and gateway.
            workers=tuple(replace(one, engines=(), report=None) for one in told),
            proposed=self._announced,
            is_runner_up=self.gateways.is_runner_up,
            ends_in_s=None if self._ends_s is None else max(self._ends_s - self._clock(), 0.0),
        )

    def table(self) -> DispatchTable:
        """Who hosts what now, less what is about to leave."""
        if self._table is None:
            self._table = self._tabled()
        return self._table

    def _tabled(self) -> DispatchTable:
        slots_by_key: dict[str, list[str]] = {}
        for slot in sorted(self._workers):
            report = self._workers[slot]
            if report.report is None or report.state == "silent" or slot in self._paused:
                continue
            stays = self._assigned_keys(slot)
            for key in report.report.experts:
                if stays is None or key in stays:
                    slots_by_key.setdefault(key, []).append(slot)
        return tabled(slots_by_key, self._homes, self.workers, paused=self._paused)

    def obstacles(self, number: int) -> Obstacles:
        """What keeps a proposed generation from becoming live; nothing at the end."""
        failed, waiting = self.gateways.obstacles(number)
        plan = self._proposed
        if plan is None or plan.number != number:
            return Obstacles(failed=failed, waiting=waiting | {"conductor": "it is being placed"})
        slots = of_slots(plan.layout, taken=self._workers.taken, engine=self._of_engine)
        return Obstacles(failed=failed | slots.failed, waiting=waiting | slots.waiting)

    @property
    def _newest(self) -> Plan | None:
        return self._proposed or self._live

    def _of_engine(self, slot: str, lineage: str) -> tuple[str, str] | None:
        """How far an engine is; `None` for one of a worker that is not waited for."""
        if self._workers.is_silent(slot):
            return self._workers.silence(slot)
        if not self.is_told(slot):
            return "waiting", "its worker is not told yet"
        engine = next((one for one in self._workers[slot].engines if one.lineage == lineage), None)
        return ("waiting", "not begun") if engine is None else (engine.state, engine.detail)

    def _is_over(self, slot: str) -> bool:
        """Whether the worker of a slot that nobody wants has nothing to lose."""
        if self._workers.is_silent(slot):
            return self._workers.is_gone(slot)
        return self.is_told(slot) and not self._workers[slot].engines

    def _assigned_keys(self, slot: str) -> frozenset[str] | None:
        assignment = self._assignments.get(slot)
        return None if assignment is None else assignment.keys

    def _forget_unpinned(self) -> None:
        """Drop older plans that no request is pinned to any more."""
        floor = self.gateways.floor
        gone = [n for n in self._older if self._live is None or floor is None or n < floor]
        for number in gone:
            del self._older[number]
        if gone:
            self._assign()

    def _assign(self) -> None:
        self._table = None
        newest = self._newest
        if newest is None:
            return
        self._workers.expect(share.name for share in newest.layout.every_share)
        layouts = [self._older[number].layout for number in sorted(self._older, reverse=True)]
        shares = {slot: vacant(slot, older=layouts) for slot in self._workers}
        shares |= {share.name: share for share in newest.layout.every_share}
        known = newest.layout.table.slots_by_expert
        self._assignments = {
            slot: assignment_of(
                with_pinned(share, known=known, older=layouts), limits=newest.limits
            )
            for slot, share in shares.items()
        }
