"""Keeps one slot's costs: read at its start, told of its weights, written now and then.

Reading, measuring and writing are done in threads, one after another: the worker answers meanwhile
and goes by what it assumes. Whoever is killed loses what was learnt since the last writing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from orchestrator.costs.cost_file import CostFile, Kept, Measured
from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Bandwidths
from orchestrator.engines.bandwidths import with_measured
from orchestrator.engines.file_cache import weights_of
from orchestrator.engines.lineage import Lineage
from orchestrator.residency.clock import Clock

#: Shortest time between two writings, seconds.
KEEP_S = 10.0
_GIB = 2**30
#: Files that a measurement is given: it stops by itself long before.
_MAX_FILES = 64

_LOG = logging.getLogger(__name__)

#: Measures bandwidths on these files; blocks for a second.
Measure = Callable[[Sequence[Path], float], Measured]


class CostBook:
    """Owns the `Costs` of a slot.

    Args:
        file: where they are kept; `None` keeps nothing.
        measure: finds bandwidths; `None` assumes them.
        clock: of the slot.
        date_s: seconds since 1970.
    """

    def __init__(
        self,
        file: CostFile | None = None,
        *,
        measure: Measure | None = None,
        clock: Clock,
        date_s: Callable[[], float] = time.time,
    ) -> None:
        self.costs = Costs()
        self._file = file
        self._measure = measure
        self._clock = clock
        self._date_s = date_s
        self._measured: Measured | None = None
        self._lineages: tuple[Lineage, ...] = ()
        self._is_open = False
        self._num_written = 0
        self._written_s = clock.time()
        self._task: asyncio.Task[None] | None = None

    def hold(self, lineages: Sequence[Lineage]) -> None:
        """These are what the slot stands for from now on; others are forgotten."""
        self._lineages = tuple(lineages)
        self.costs.forget_all_but(self._keys)
        self.costs.assume(replace(self.costs.prior, weights_gib=weights_gib(lineages)))
        if self._file is not None:
            self._do(self._open)

    def advance(self) -> None:
        """Write what was learnt, if it is time."""
        is_due = self._clock.time() - self._written_s >= KEEP_S
        if is_due and self._has_news and self._task is None:
            self._do(self._write)

    async def settled(self) -> None:
        """Wait until what is being read, measured or written has ended."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def close(self) -> None:
        """Write what was learnt since the last time."""
        await self.settled()
        if self._has_news:
            await self._write()

    @property
    def _keys(self) -> frozenset[str]:
        return frozenset(expert.key for one in self._lineages for expert in one.experts)

    @property
    def _has_news(self) -> bool:
        return self._file is not None and self.costs.num_observed != self._num_written

    def _do(self, work: Callable[[], Awaitable[None]]) -> None:
        """Begin `work` when what is being done has ended."""

        async def after(previous: asyncio.Task[None] | None) -> None:
            if previous is not None:
                await asyncio.wait([previous])
            await work()

        task = asyncio.get_running_loop().create_task(after(self._task))
        self._task = task
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        if task is self._task:
            self._task = None

    async def _open(self) -> None:
        """Read what was kept, once, and what other slots tell of the experts that are here."""
        assert self._file is not None, "a book that is kept alone is not opened"
        file, lineages = self._file, self._lineages
        kept = None if self._is_open else await asyncio.to_thread(file.read)
        told_s = await asyncio.to_thread(file.told_s)
        if kept is not None:
            self._is_open = True
            await self._learn(kept, lineages)
        calls_s = [seconds for (of, _), seconds in told_s.items() if of == "call"]
        prior = replace(self.costs.prior, told_s=told_s, bandwidths=self._bandwidths)
        self.costs.assume(replace(prior, service_s=fmean(calls_s)) if calls_s else prior)

    async def _learn(self, kept: Kept, lineages: tuple[Lineage, ...]) -> None:
        keys = self._keys
        self.costs.recall([note for note in kept.notes if note.expert in keys])
        self._measured = kept.measured
        now_s = self._date_s()
        if self._measure is None or (kept.measured and kept.measured.is_fresh(now_s)):
            return
        files = await asyncio.to_thread(_files, lineages)
        self._measured = await asyncio.to_thread(self._measure, files, now_s)
        _LOG.info("weights are moved at %s", self._measured)
        await self._write()

    @property
    def _bandwidths(self) -> Bandwidths:
        return with_measured(Bandwidths(), self._measured)

    async def _write(self) -> None:
        assert self._file is not None, "there is news of a book that is kept alone"
        self._num_written, self._written_s = self.costs.num_observed, self._clock.time()
        keys = self._keys
        notes = [note for note in self.costs.notes() if note.expert in keys]
        await asyncio.to_thread(self._file.write, self._measured, notes)


def weights_gib(lineages: Iterable[Lineage]) -> dict[str, float]:
    """What a step reads for each expert, by `Expert.key`; of an adapter, its own share."""
    found: dict[str, float] = {}
    for lineage in lineages:
        adapter_gib = lineage.num_adapter_bytes / max(lineage.max_adapters, 1) / _GIB
        for expert in lineage.experts:
            gib = adapter_gib if expert.is_adapter else lineage.num_weight_bytes / _GIB
            if gib > 0:
                found[expert.key] = gib
    return found


def _files(lineages: Iterable[Lineage]) -> tuple[Path, ...]:
    """Weights that are on this machine, the largest lineages first."""
    files: list[Path] = []
    for lineage in sorted(lineages, key=lambda one: -one.num_weight_bytes):
        for expert in lineage.experts:
            if len(files) >= _MAX_FILES:
                return tuple(files)
            files.extend(weights_of(lineage, expert))
    return tuple(dict.fromkeys(files))
