"""How much memory processes take beyond what they had."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable

import psutil

from bench.family import name_of

_PERIOD_S = 0.05


class MemoryGrown:
    """Watches processes while its block runs.

    Args:
        processes: that are there when it begins.
    """

    def __init__(self, processes: Iterable[psutil.Process]) -> None:
        self._before = {process: _resident(process) for process in processes}
        self._most = dict(self._before)
        self._is_over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> MemoryGrown:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._watch.join()

    @property
    def mib_by_process(self) -> dict[str, float]:
        """What each took at its most beyond its beginning."""
        return {
            f"{_name(process)} {process.pid}": round((most - self._before[process]) / 2**20, 1)
            for process, most in self._most.items()
        }

    def _look(self) -> None:
        while not self._is_over.wait(_PERIOD_S):
            for process, most in self._most.items():
                self._most[process] = max(most, _resident(process))


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess):
        return name_of(process)
    return "ended"
