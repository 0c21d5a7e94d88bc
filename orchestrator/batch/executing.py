"""Between who keeps batches and who has their lines answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol

from orchestrator.batch.line import Line, LineResult
from orchestrator.batch.progress import RunProgress
from orchestrator.planner.plan import Plan
from orchestrator.planner.workload import Workload


class Lines(Protocol):
    """The lines of a batch, which stay where they are until they are needed."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    async def read(self, place: int) -> Line:
        """The line at a place, from 0.

        Raises:
            StorageError: its file cannot be read now.
        """
        ...


class Sink(Protocol):
    """Where what came of lines is kept."""

    async def put(self, result: LineResult) -> None:
        """Returns when the result is stored for good; only then the line counts as done.

        Raises:
            StorageError: it cannot be stored now; the line is not done.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is left of a batch, for its executor."""

    #: The batch's id.
    id: str
    #: Whose it is.
    owner: str = ""
    lines: Lines
    #: Requests are the places of `lines`.
    workload: Workload
    #: Places that have no result yet.
    left: Sequence[int]
    #: By when it is to end, by the executor's clock, seconds.
    deadline_s: float = inf
    #: Higher is sooner.
    priority: int = 0
    sink: Sink


class Executor(Protocol):
    """Has lines of several batches answered, by one plan."""

    async def execute(self, work: Work) -> None:
        """Returns when every place that was left has its result in the sink.

        Cancelled, it lets go of all of the work's calls; what is in the sink stays.

        Raises:
            StorageError: results could not be stored for longer than it tries.
        """
        ...

    async def plan(self, work: Work) -> tuple[Plan, Plan]:
        """How the work would be done beside what is under way, and how in arrival order."""
        ...

    def progress(self, work_id: str) -> RunProgress | None:
        """How far a work under execution is; `None` of one that is not."""
        ...
