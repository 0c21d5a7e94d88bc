"""One batch while it is executed: which lines have begun and ended, which calls were made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from orchestrator.batch.executing import Work

#: Where a line stands.
WAITING, OPEN, PAUSED, ENDED = range(4)


@dataclass(slots=True, eq=False)
class UnderWay:
    """What is left of a work, in columns as long as its workload's."""

    work: Work
    #: Of each line: `WAITING`, `OPEN`, `PAUSED` until it is tried again, or `ENDED`.
    state: npt.NDArray[np.uint8] = field(init=False)
    #: Of each foreseen call: whether it was let go, or will never come.
    is_made: npt.NDArray[np.bool_] = field(init=False)
    #: Of each foreseen call: its place in the plan's workload, -1 where that has none.
    planned_at: npt.NDArray[np.int64] = field(init=False)
    num_tries: dict[int, int] = field(default_factory=dict)
    #: Lines under way; and of these, those that are answered and not stored yet.
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    storing: set[asyncio.Task[None]] = field(default_factory=set)
    num_done: int = 0
    num_tokens: int = 0
    #: Ends with the last line, or with what makes going on impossible.
    end: asyncio.Future[None] = field(init=False)
    _first: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        load = self.work.workload
        places = np.arange(len(self.work.lines) + 1)
        self._first = np.searchsorted(load.request, places).astype(np.int64)
        self.state = np.full(len(self.work.lines), ENDED, dtype=np.uint8)
        self.state[np.asarray(self.work.left, dtype=np.int64)] = WAITING
        self.is_made = np.zeros(load.num_calls, dtype=np.bool_)
        self.planned_at = np.full(load.num_calls, -1, dtype=np.int64)
        self.end = asyncio.get_running_loop().create_future()
        if not len(self.work.left):
            self.end.set_result(None)

    def calls(self, place: int) -> range:
        """Places of a line's calls in its workload."""
        return range(int(self._first[place]), int(self._first[place + 1]))

    def next_call(self, place: int, expert: str) -> int | None:
        """The first foreseen call of a line to an expert that was not made yet."""
        load = self.work.workload
        for call in self.calls(place):
            if not self.is_made[call] and load.experts[load.expert[call]] == expert:
                return call
        return None

    def unmade(self, place: int) -> Iterator[int]:
        """Calls of a line that were foreseen and not made."""
        return (call for call in self.calls(place) if not self.is_made[call])

    def is_composed(self, place: int) -> bool:
        """Whether several calls are foreseen."""
        return len(self.calls(place)) > 1

    def ended(self, place: int) -> None:
        """A line's result is stored."""
        self.num_done += 1
        if self.num_done == len(self.work.left) and not self.end.done():
            self.end.set_result(None)

    def fail(self, error: BaseException) -> None:
        """It cannot go on."""
        if not self.end.done():
            self.end.set_exception(error)
