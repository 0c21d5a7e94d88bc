"""Carries out what `residency/prefetch.py` decides: one expert's files at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import psutil

from orchestrator.costs.costs import Costs
from orchestrator.engines.file_cache import weights_of
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.read_ahead import ReadAhead
from orchestrator.residency.clock import Clock
from orchestrator.residency.prefetch import Ahead, Shelf, look_ahead
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import SlotState

#: How long files are taken to stay in the page cache, seconds; then they are looked at again.
NEAR_S = 60.0
#: How long the room for guesses is taken to stay as it is, seconds.
_ROOM_S = 5.0
#: Share of the memory that is available to be filled with guesses.
_SHARE = 0.5
_GIB = 2**30

#: What becomes of weights: read ahead; then read by an engine, or given back.
Outcome = Literal["brought", "used", "wrong"]

_LOG = logging.getLogger(__name__)


def _room_gib() -> float:
    return float(psutil.virtual_memory().available) * _SHARE / _GIB


class Prefetching:
    """Brings weights of a slot into the page cache ahead of the steps that read them.

    Nothing here fails a caller: files that cannot be read are left to the step that needs them.

    Args:
        read_ahead: reads files.
        look: the slot as it is now, and who waits there.
        costs: of the slot.
        hints: when experts were announced, by the slot's clock.
        clock: of the slot.
        room_gib: most that may be brought and not yet read by an engine.
        count: told what became of an expert's weights.
    """

    def __init__(
        self,
        read_ahead: ReadAhead,
        look: Callable[[], tuple[SlotState, Queues]],
        *,
        costs: Costs,
        hints: Callable[[], Mapping[str, float]],
        clock: Clock,
        room_gib: Callable[[], float] = _room_gib,
        count: Callable[[Outcome], None] = lambda _: None,
    ) -> None:
        self._count = count
        self._read_ahead = read_ahead
        self._look = look
        self._costs = costs
        self._hints = hints
        self._clock = clock
        self._find_room_gib = room_gib
        self._room_gib = 0.0
        self._room_until_s = clock.time()
        self._lineage_by_key: dict[str, Lineage] = {}
        self._near_until_s: dict[str, float] = {}
        #: See `Shelf.brought`.
        self._brought: dict[str, None] = {}
        self._fetching: str | None = None
        self._task: asyncio.Task[int] | None = None

    def hold(self, lineages: Sequence[Lineage]) -> None:
        """These are what the slot stands for from now on."""
        self._lineage_by_key = {one.key: lin for lin in lineages for one in lin.experts}
        known = self._lineage_by_key.keys()
        self._near_until_s = {k: s for k, s in self._near_until_s.items() if k in known}
        self._brought = {k: None for k in self._brought if k in known}

    def advance(self) -> None:
        """Begin, go on or give up, by what the slot is about to need; to be asked at each event."""
        state, queues = self._look()
        now_s = self._clock.time()
        self._note_read(state, now_s)
        shelf = Shelf(
            near_until_s=self._near_until_s,
            brought=self._brought,
            room_gib=self._room(now_s),
        )
        ahead = look_ahead(state, queues, self._costs, shelf, hints=self._hints(), now_s=now_s)
        if ahead.fetch == self._fetching:
            return
        self._give_up()
        if ahead.fetch is not None:
            self._begin(ahead.fetch, ahead)

    def rest(self) -> None:
        """Give up what is being read: nothing is to be brought."""
        self._give_up()

    async def settled(self) -> None:
        """Wait until all that is to be brought now is there."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def close(self) -> None:
        """Stop reading."""
        task = self._task
        self._give_up()
        if task is not None:
            await asyncio.wait([task])
        self._read_ahead.close()

    def _room(self, now_s: float) -> float:
        if now_s >= self._room_until_s:
            self._room_gib = self._find_room_gib()
            self._room_until_s = now_s + _ROOM_S
        return self._room_gib

    def _note_read(self, state: SlotState, now_s: float) -> None:
        """What an engine reads or holds was no wrong guess; what it holds it has read."""
        for engine in state.engines:
            if engine.change is not None and engine.change.expert is not None:
                self._note_used(engine.change.expert)
            for expert in engine.residents:
                self._near_until_s[expert] = now_s + NEAR_S
                self._note_used(expert)

    def _note_used(self, expert: str) -> None:
        if expert in self._brought:
            del self._brought[expert]
            self._count("used")

    def _begin(self, expert: str, ahead: Ahead) -> None:
        for wrong in ahead.release:
            del self._brought[wrong]
            self._near_until_s.pop(wrong, None)
            self._count("wrong")
        self._brought[expert] = None
        self._fetching = expert
        self._task = asyncio.get_running_loop().create_task(self._bring(expert, ahead.release))
        self._task.add_done_callback(lambda task: self._ended(expert, task))

    async def _bring(self, expert: str, wrong: Sequence[str]) -> int:
        for one in wrong:
            await self._read_ahead.release(await self._files(one))
        return await self._read_ahead.bring(await self._files(expert))

    async def _files(self, expert: str) -> tuple[Path, ...]:
        lineage = self._lineage_by_key.get(expert)
        one = None if lineage is None else next(e for e in lineage.experts if e.key == expert)
        if lineage is None or one is None:
            return ()
        return await asyncio.to_thread(weights_of, lineage, one)

    def _ended(self, expert: str, task: asyncio.Task[int]) -> None:
        if task is not self._task:
            return  # given up
        self._task = self._fetching = None
        # What cannot be read is left alone for as long: the step that needs it will say why.
        self._near_until_s[expert] = self._clock.time() + NEAR_S
        error = task.exception()
        if error is not None:
            _LOG.warning("expert %r: its weights cannot be read ahead: %s", expert, error)
        if error is None and task.result() > 0:
            self._count("brought")
        else:
            self._brought.pop(expert, None)
        self.advance()

    def _give_up(self) -> None:
        task, self._task, self._fetching = self._task, None, None
        if task is not None:
            task.cancel()
