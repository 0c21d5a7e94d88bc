"""Begins lines and lets their calls go, as the plan and the moment have it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from orchestrator import metrics
from orchestrator.batch.agenda import Agenda
from orchestrator.batch.held import HeldCall, HeldDispatch, LineTag, Release
from orchestrator.batch.progress import RunProgress
from orchestrator.batch.releasing import Grant, SlotNow, grants
from orchestrator.batch.run_log import LoggedRun, RunLog
from orchestrator.batch.surroundings import Surroundings
from orchestrator.batch.under_way import WAITING, UnderWay

if TYPE_CHECKING:
    from orchestrator.batch.executor import ExecutorSettings

#: Lines begun beyond what a slot has room for: their calls are there when it has.
_AHEAD = 32
#: A wave is over when this share of its lines is left.
_WAVE_REST = 0.05
#: Runs of a slot that are looked at in one step.
_RUNS_SEEN = 8
#: A run that takes so many times as long as planned, and at least so much longer, departs.
_SLOWER, _SLOWER_S = 1.5, 5.0


class Steering:
    """What is under way of all batches.

    Args:
        works: by id; those that come and go.
        held: holds their calls.
        log: is told what happens.
        settings: bounds.
        begin: starts a line.
    """

    def __init__(
        self,
        works: Mapping[str, UnderWay],
        held: HeldDispatch,
        log: RunLog,
        *,
        settings: ExecutorSettings,
        begin: Callable[[UnderWay, int], None],
    ) -> None:
        self._works = works
        self._held = held
        self._log = log
        self._settings = settings
        self._begin_line = begin
        self._bell = asyncio.Event()
        self._agenda: Agenda | None = None
        self._around = Surroundings()
        #: Calls that were let go and are not over, by slot (`None`: an upstream) and expert.
        self._out: dict[str | None, Counter[str]] = {}
        self._run_of: dict[HeldCall, LoggedRun] = {}
        self._num_held: Counter[LineTag] = Counter()
        self._open: set[LineTag] = set()
        self._num_composed = 0
        self._is_wave_full = False
        held.watching = self

    # What is told.

    def came(self, held: HeldCall) -> None:
        """See `Watching`."""
        self._num_held[held.tag] += 1
        self.stir()

    def went(self, held: HeldCall) -> None:
        """See `Watching`."""
        if held.release is None:
            self._unhold(held.tag)
        else:
            self._count_out(held, -1)
            under = self._works.get(held.tag.work_id)
            if under is not None:
                under.num_tokens += held.prompt_tokens + held.output_tokens
            if (run := self._run_of.pop(held, None)) is not None:
                self._log.done(
                    run, prompt_tokens=held.prompt_tokens, output_tokens=held.output_tokens
                )
        self.stir()

    def left(self, under: UnderWay, place: int) -> None:
        """A line makes no more calls, for now or for good."""
        self._open.discard(LineTag(work_id=under.work.id, place=place))
        self._num_composed -= under.is_composed(place)
        if self._agenda is not None:
            self._agenda.drop(under, place)
        self.stir()

    def stir(self) -> None:
        """Something happened: the next step is due."""
        self._bell.set()

    async def stirred(self) -> None:
        """Wait until something has happened."""
        await self._bell.wait()
        self._bell.clear()

    def close(self) -> None:
        """Nothing is left."""
        self._log.close()
        metrics.BATCH_HELD_CALLS.set(0)
        metrics.BATCH_OPEN_LINES.set(0)

    # What is done.

    def step(self, agenda: Agenda | None, around: Surroundings) -> None:
        """Begin what lines there is room for, and let calls go."""
        self._agenda, self._around = agenda, around
        self._forget_ended_works()
        if agenda is None:
            return
        self._note_wave()
        for slot in around.slots:
            self._begin_for(slot.name, agenda)
        for under, line in agenda.unplanned():
            if len(self._open) - self._num_composed >= self._settings.slot_window * 4:
                break
            self._begin(under, line)
        self._release_upstreams(around)
        for grant in self._grants(agenda, around):
            self._grant(grant, agenda)
        metrics.BATCH_HELD_CALLS.set(self._num_held.total())
        metrics.BATCH_OPEN_LINES.set(len(self._open))

    def _begin_for(self, slot: str, agenda: Agenda) -> None:
        """Begin lines of the runs that come next in a slot."""
        room = self._settings.slot_window + _AHEAD - self._num_out(slot)
        for run in agenda.of_slot(slot, most=_RUNS_SEEN):
            for under, line in agenda.unstarted(run):
                if run.num_coming >= room or (under.is_composed(line) and self._is_wave_full):
                    return
                self._begin(under, line)
            room -= run.num_coming
            if room <= 0:
                return

    def _begin(self, under: UnderWay, line: int) -> None:
        if under.state[line] != WAITING or under.end.done():
            return
        if self._agenda is not None:
            self._agenda.begin(under, line)
        self._open.add(LineTag(work_id=under.work.id, place=line))
        self._num_composed += under.is_composed(line)
        self._note_wave()
        self._begin_line(under, line)

    def _note_wave(self) -> None:
        most = self._settings.max_open_lines
        if self._num_composed >= most:
            self._is_wave_full = True
        elif self._num_composed <= most * _WAVE_REST:
            self._is_wave_full = False

    def _grants(self, agenda: Agenda, around: Surroundings) -> list[Grant]:
        slots = [
            SlotNow(
                name=slot.name,
                residents=frozenset(slot.residents),
                experts=slot.experts,
                num_out=self._out.get(slot.name, {}),
                window=self._settings.slot_window,
                runs=[run.left() for run in agenda.of_slot(slot.name, most=_RUNS_SEEN)],
            )
            for slot in around.slots
        ]
        return grants(
            slots,
            self._held.num_by_expert,
            is_wave_full=self._is_wave_full,
            is_stuck=self._is_stuck(),
        )

    def _is_stuck(self) -> bool:
        """Whether every line under way waits for a call that is held."""
        is_out = any(sum(counts.values()) for counts in self._out.values())
        return not is_out and all(self._num_held[tag] for tag in self._open)

    def _grant(self, grant: Grant, agenda: Agenda) -> None:
        for held, _ in zip(self._held.waiting(grant.expert), range(grant.num_calls), strict=False):
            under = self._works.get(held.tag.work_id)
            if under is not None:
                own = under.next_call(held.tag.place, grant.expert)
                if own is not None:
                    agenda.made(under, own, run=grant.run)
                    under.is_made[own] = True
            run = self._log.let_go(
                grant.slot,
                grant.expert,
                is_resident=grant.expert in self._around.residents(grant.slot),
                swap_s=cost.swap_s if (cost := self._around.costs.get(grant.expert)) else 0.0,
            )
            self._run_of[held] = run
            self._let_go(held, slot=grant.slot, order=grant.run)

    def _release_upstreams(self, around: Surroundings) -> None:
        """Calls of experts that no slot hosts go on by themselves, so many at once."""
        hosted = around.hosted
        for expert, num in self._held.num_by_expert.items():
            if expert in around.costs or hosted is None or expert in hosted:
                continue
            room = self._settings.upstream_window - self._out.get(None, Counter())[expert]
            for held, _ in zip(self._held.waiting(expert), range(min(num, room)), strict=False):
                self._let_go(held, slot=None, order=None)

    def _let_go(self, held: HeldCall, *, slot: str | None, order: int | None) -> None:
        under = self._works.get(held.tag.work_id)
        is_late = self._agenda is not None and held.tag.work_id in self._agenda.late
        self._unhold(held.tag)
        self._held.let_go(
            held,
            Release(
                slot=slot,
                order=order,
                priority=0 if under is None else under.work.priority,
                is_background=not is_late,
                timeout_s=self._settings.call_timeout_s,
            ),
        )
        self._count_out(held, 1)

    def _count_out(self, held: HeldCall, step: int) -> None:
        assert held.release is not None, "only what was let go is out"
        self._out.setdefault(held.release.slot, Counter())[held.call.expert] += step

    def _num_out(self, slot: str) -> int:
        return sum(self._out.get(slot, Counter()).values())

    def _unhold(self, tag: LineTag) -> None:
        self._num_held[tag] -= 1
        if self._num_held[tag] <= 0:
            del self._num_held[tag]

    def _forget_ended_works(self) -> None:
        gone = {tag for tag in self._open if tag.work_id not in self._works}
        if gone:
            self._open -= gone
            self._num_composed = sum(
                self._works[tag.work_id].is_composed(tag.place) for tag in self._open
            )

    # What is said of it.

    def departs(self) -> str | None:
        """Why the plan is to be made anew; `None` while it holds."""
        agenda = self._agenda
        if agenda is None:
            return None
        if agenda.is_over and any((under.state == WAITING).any() for under in self._works.values()):
            return "lines are left that no run waits for"
        return next(self._slow_runs(agenda), None)

    def _slow_runs(self, agenda: Agenda) -> Iterator[str]:
        for run in self._log.current:
            expected_s = agenda.expected_s(run.slot, run.expert)
            took_s = self._log.now_s - run.begins_s
            if expected_s is not None and took_s > expected_s * _SLOWER + _SLOWER_S:
                yield f"the run of {run.expert!r} on {run.slot!r} takes longer than planned"

    def progress(self, under: UnderWay) -> RunProgress:
        """How far one of the works is."""
        agenda = self._agenda
        return RunProgress(
            num_lines=len(under.work.left),
            num_done=under.num_done,
            num_tokens=under.num_tokens,
            tokens_per_s=self._log.tokens_per_s,
            swaps_so_far=self._log.num_swaps,
            swaps_expected=self._log.num_swaps + (0 if agenda is None else agenda.num_swaps_left),
            left_s=None if agenda is None else agenda.left_s,
            current=self._log.current,
            ended=self._log.ended,
        )
