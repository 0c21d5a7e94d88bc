"""A plan while it is carried out: what each run still waits for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from orchestrator.batch.joint import Joint
from orchestrator.batch.releasing import RunLeft
from orchestrator.batch.under_way import OPEN, WAITING, UnderWay
from orchestrator.planner.plan import Plan, Run


@dataclass(slots=True, eq=False)
class RunUnderWay:
    """One run, and what is left of it."""

    place: int
    run: Run
    #: Calls of lines under way that were not let go, and of lines that nobody has begun.
    num_coming: int = 0
    num_unstarted: int = 0
    #: How many of its calls were looked at for lines to begin.
    num_seen: int = 0

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was let go of it."""
        return self.num_coming + self.num_unstarted >= len(self.run.calls)

    @property
    def left_s(self) -> float:
        """Of the time it was planned to take."""
        share = (self.num_coming + self.num_unstarted) / max(len(self.run.calls), 1)
        return (self.run.ends_s - self.run.begins_s) * min(share, 1.0)

    @property
    def is_over(self) -> bool:
        """Whether all it waits for was let go."""
        return not self.num_coming and not self.num_unstarted

    def left(self) -> RunLeft:
        """As releasing sees it."""
        return RunLeft(
            place=self.place,
            expert=self.run.expert,
            num_coming=self.num_coming,
            num_unstarted=self.num_unstarted,
        )


class Agenda:
    """What is left of a plan.

    Args:
        plan: of the joint workload.
        joint: as it was planned; what was made meanwhile is left out.
        late: works that will not end in time.
        slotted: experts of slots, up or not; lines that need one which is not up wait for a later
            plan.
    """

    def __init__(
        self,
        plan: Plan,
        joint: Joint,
        *,
        late: frozenset[str] = frozenset(),
        slotted: frozenset[str] = frozenset(),
    ) -> None:
        self.plan = plan
        self.late = late
        self._joint = joint
        self.runs = [RunUnderWay(place, run) for place, run in enumerate(plan.runs)]
        self._run_of = np.full(joint.workload.num_calls, -1, dtype=np.int32)
        self._by_slot: dict[str, list[RunUnderWay]] = {}
        for run in self.runs:
            self._by_slot.setdefault(run.run.slot, []).append(run)
            self._run_of[run.run.calls] = run.place
        self._unplanned: list[tuple[UnderWay, int]] = []
        for at, under in enumerate(joint.parts):
            self._enter(under, np.flatnonzero(joint.part == at), slotted)

    def _enter(
        self, under: UnderWay, calls: npt.NDArray[np.int64], slotted: frozenset[str]
    ) -> None:
        """Wait for those calls of a part that have a run and were not made meanwhile."""
        own = self._joint.call[calls]
        state = under.state[under.work.workload.request[own]]
        is_left = ~under.is_made[own] & (self._run_of[calls] >= 0)
        under.planned_at[:] = -1
        for found in (WAITING, OPEN):
            left = is_left & (state == found)
            under.planned_at[own[left]] = calls[left]
            counts = np.bincount(self._run_of[calls[left]], minlength=len(self.runs))
            for place in np.flatnonzero(counts):
                if found == WAITING:
                    self.runs[place].num_unstarted += int(counts[place])
                else:
                    self.runs[place].num_coming += int(counts[place])
        load = under.work.workload
        is_bound = np.zeros(len(under.state), dtype=np.bool_)
        is_slotted = np.array([one in slotted for one in load.experts] or [False])
        is_bound[load.request[(under.planned_at >= 0) | is_slotted[load.expert]]] = True
        lines = np.flatnonzero((under.state == WAITING) & ~is_bound)
        self._unplanned += [(under, int(line)) for line in lines[::-1]]

    def of_slot(self, slot: str, *, most: int) -> list[RunUnderWay]:
        """The next runs that wait for something, in order."""
        runs = self._by_slot.get(slot, [])
        while runs and runs[0].is_over:
            runs.pop(0)
        return list(islice((run for run in runs if not run.is_over), most))

    @property
    def is_over(self) -> bool:
        """Whether no run waits for anything."""
        return all(run.is_over for run in self.runs)

    @property
    def num_swaps_left(self) -> int:
        """Of runs that nothing was let go of yet."""
        return sum(run.run.step is not None for run in self.runs if run.is_untouched)

    @property
    def left_s_by_slot(self) -> dict[str, float]:
        """Seconds that each slot's runs were planned to take, less what was let go."""
        found: dict[str, float] = {}
        for run in self.runs:
            found[run.run.slot] = found.get(run.run.slot, 0.0) + run.left_s
        return found

    @property
    def left_s(self) -> float:
        """Seconds until the last slot is done, as planned."""
        return max(self.left_s_by_slot.values(), default=0.0)

    def expected_s(self, slot: str, expert: str) -> float | None:
        """What the run of an expert that a slot is at was planned to take."""
        runs = [r for r in self._by_slot.get(slot, []) if r.run.expert == expert]
        return None if not runs else runs[0].run.ends_s - runs[0].run.begins_s

    def unplanned(self) -> Iterator[tuple[UnderWay, int]]:
        """Lines that wait and need no slot."""
        while self._unplanned:
            under, line = self._unplanned[-1]
            if under.state[line] == WAITING:
                yield under, line
            if self._unplanned and self._unplanned[-1] == (under, line):
                self._unplanned.pop()

    def begin(self, under: UnderWay, line: int) -> None:
        """A line has begun: its calls come."""
        for run in self._waiting_for(under, line):
            run.num_unstarted -= 1
            run.num_coming += 1

    def made(self, under: UnderWay, own: int, *, run: int | None) -> None:
        """A call was let go, under a run or beside the plan."""
        planned = self._run_at(under, own)
        if planned is None:
            return
        under.planned_at[own] = -1
        went = planned if run is None else self.runs[run]
        is_alike = went.run.expert == planned.run.expert and went.run.stage == planned.run.stage
        taken = went if is_alike and went.num_coming else planned
        taken.num_coming = max(taken.num_coming - 1, 0)

    def drop(self, under: UnderWay, line: int) -> None:
        """A line under way has ended: what it did not call will not come."""
        for run in self._waiting_for(under, line):
            other = run if run.num_coming else self._alike(run)
            other.num_coming = max(other.num_coming - 1, 0)
        for own in under.unmade(line):
            under.planned_at[own] = -1

    def unstarted(self, run: RunUnderWay) -> Iterator[tuple[UnderWay, int]]:
        """Lines that a run waits for and nobody has begun, and that begin with it."""
        calls = run.run.calls
        while run.num_seen < len(calls):
            under, own = self._joint.owner(int(calls[run.num_seen]))
            line = int(under.work.workload.request[own])
            if under.state[line] == WAITING and _begins_with(under, line, own):
                yield under, line
            run.num_seen += 1

    def _waiting_for(self, under: UnderWay, line: int) -> Iterator[RunUnderWay]:
        for own in under.unmade(line):
            run = self._run_at(under, own)
            if run is not None:
                yield run

    def _run_at(self, under: UnderWay, own: int) -> RunUnderWay | None:
        at = int(under.planned_at[own])
        return None if at < 0 else self.runs[self._run_of[at]]

    def _alike(self, run: RunUnderWay) -> RunUnderWay:
        """Another run of the same calls on another slot that still waits; else the run itself."""
        wanted = (run.run.expert, run.run.stage)
        same = (one for one in self.runs if (one.run.expert, one.run.stage) == wanted)
        return next((one for one in same if one.num_coming), run)


def _begins_with(under: UnderWay, line: int, own: int) -> bool:
    load = under.work.workload
    planned: Sequence[int] = [c for c in under.calls(line) if under.planned_at[c] >= 0]
    return not planned or load.stage[own] == min(int(load.stage[c]) for c in planned)
