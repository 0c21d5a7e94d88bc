"""The memory of processes over time, and how much it grew in the last half."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from statistics import median
from time import monotonic

import psutil

PERIOD_S = 1.0
#: Share of the time at either end of the last half whose median counts: one reading is chance.
_WINDOW = 0.2


class MemorySeries:
    """Reads the memory of processes about every second while its block runs.

    Args:
        find: the processes by a name that stays, asked at the beginning.
    """

    def __init__(self, find: Callable[[], Mapping[str, psutil.Process]]) -> None:
        self._processes = dict(find())
        self._began_s = monotonic()
        #: Seconds since the beginning, and MiB, by name.
        self.mib_by_name: dict[str, list[tuple[float, float]]] = {
            name: [] for name in self._processes
        }
        self._is_over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> MemorySeries:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._watch.join()

    def growth(self) -> dict[str, float]:
        """By name, how much each grew over the last half of the time, as a share."""
        return {name: grown(series) for name, series in self.mib_by_name.items() if series}

    def _look(self) -> None:
        while not self._is_over.wait(PERIOD_S):
            now_s = monotonic() - self._began_s
            for name, process in self._processes.items():
                with suppress(psutil.Error):
                    mib = process.memory_info().rss / 2**20
                    self.mib_by_name[name].append((round(now_s, 1), round(mib, 2)))


def grown(series: Sequence[tuple[float, float]]) -> float:
    """Growth over the last half of a series of (seconds, MiB): its last fifth over its first."""
    middle_s, end_s = series[-1][0] / 2, series[-1][0]
    window_s = (end_s - middle_s) * _WINDOW
    early = [mib for at_s, mib in series if middle_s <= at_s <= middle_s + window_s]
    late = [mib for at_s, mib in series if at_s >= end_s - window_s]
    return median(late) / median(early) - 1.0
