"""Weights below simulated engines: a disk, and a page cache that holds some of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Bandwidths
from orchestrator.residency.prefetch import Shelf, look_ahead
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import SlotState

#: Share of the cache that guesses may fill, as in `engines/prefetching.py`.
_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """What a slot's files lie on; without one all of them are in the page cache."""

    #: Memory for files; the least recently used give way.
    cache_gib: float
    #: Whether weights are brought ahead of need.
    prefetches: bool


class SimulatedFiles:
    """The files of one slot.

    Args:
        storage: what they lie on.
        weights_gib: size of each expert.
        bandwidths: of disk and page cache.
    """

    def __init__(self, storage: Storage, *, weights_gib: float, bandwidths: Bandwidths) -> None:
        self._storage = storage
        self._weights_gib = weights_gib
        self._by = bandwidths
        #: What of each expert is in the page cache, GiB, the least recently used first.
        self._cached_gib: dict[str, float] = {}
        self._brought: dict[str, None] = {}
        self._fetching: str | None = None
        self._fetched_until_s = 0.0
        #: When the disk has done what engines asked of it.
        self._disk_free_s = 0.0

    @property
    def next_end_s(self) -> float:
        """When what is being brought is there; infinite where nothing is."""
        if self._fetching is None:
            return inf
        return self._fetched_until_s + self._missing_gib(self._fetching) / self._by.disk_gib_per_s

    def read(self, expert: str, *, now_s: float) -> float:
        """Have an engine read an expert's weights; returns the seconds that takes."""
        self._go_on(now_s)
        if self._fetching == expert:
            self._fetching = None
        missing_gib = self._missing_gib(expert)
        disk_s = missing_gib / self._by.disk_gib_per_s
        self._disk_free_s = now_s + disk_s
        self._fetched_until_s = max(self._fetched_until_s, self._disk_free_s)
        self._brought.pop(expert, None)
        self._put(expert, self._weights_gib)
        return disk_s + (self._weights_gib - missing_gib) / self._by.read_gib_per_s

    def look(self, state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> None:
        """Bring what is needed next, if anything is brought at all."""
        self._go_on(now_s)
        if not self._storage.prefetches:
            return
        near = [one for one in self._cached_gib if self._missing_gib(one) <= 1e-9]
        shelf = Shelf(
            near_until_s=dict.fromkeys(near, inf),
            brought=self._brought,
            room_gib=self._storage.cache_gib * _SHARE,
        )
        ahead = look_ahead(state, queues, costs, shelf, hints={}, now_s=now_s)
        if ahead.fetch == self._fetching:
            return
        for wrong in ahead.release:
            del self._brought[wrong]
            self._cached_gib.pop(wrong, None)
        self._fetching = ahead.fetch
        if ahead.fetch is not None:
            self._brought[ahead.fetch] = None
            self._fetched_until_s = max(now_s, self._disk_free_s)

    def _go_on(self, now_s: float) -> None:
        """Bring as much as the time since the last look was enough for."""
        expert = self._fetching
        if expert is None or now_s <= self._fetched_until_s:
            return
        is_there = now_s >= self.next_end_s
        passed_s, self._fetched_until_s = now_s - self._fetched_until_s, now_s
        gib = self._weights_gib - self._missing_gib(expert) + passed_s * self._by.disk_gib_per_s
        self._put(expert, self._weights_gib if is_there else min(gib, self._weights_gib))
        if is_there:
            self._fetching = None

    def _missing_gib(self, expert: str) -> float:
        return self._weights_gib - self._cached_gib.get(expert, 0.0)

    def _put(self, expert: str, gib: float) -> None:
        self._cached_gib.pop(expert, None)
        self._cached_gib[expert] = gib
        while sum(self._cached_gib.values()) > self._storage.cache_gib:
            oldest = next(iter(self._cached_gib))
            del self._cached_gib[oldest]
