"""What `orchestrator batch run` shows: a bar for routing, one for answers."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import TaskID

from orchestrator.client.progress_bar import progress_bar
from orchestrator.service.bulk.answering import Written
from orchestrator.service.bulk.routed import NOBODY, RoutedBlock


class Bars:
    """Bars on the error output, whatever becomes of that while they are shown."""

    def __init__(self) -> None:
        self._stream = os.fdopen(os.dup(2), "w", buffering=1)
        self._bars = progress_bar(
            Console(file=self._stream), redirect_stdout=False, redirect_stderr=False
        )
        self._routing: TaskID | None = None
        self._answering: TaskID | None = None
        self._num_rows = self._num_faults = self._num_errors = 0

    def begin_routing(self, *, total: int, done: int) -> None:
        """Blocks of the input, and those that are routed."""
        self._routing = self._bars.add_task("blocks routed", total=total, completed=done, told="")

    def routed(self, block: RoutedBlock) -> None:
        """One more."""
        assert self._routing is not None, "routing was begun"
        for share in block.shares:
            self._num_rows += share.num_rows
            self._num_faults += share.num_rows if share.expert == NOBODY else 0
        told = f"{self._num_rows:,} rows, {self._num_faults:,} with faults"
        self._bars.update(self._routing, advance=1, told=told)

    def begin_answering(self, *, total: int, done: int) -> None:
        """Rows of the input, and those that have their answer or error."""
        self._answering = self._bars.add_task("rows done", total=total, completed=done, told="")

    def written(self, written: Written) -> None:
        """One chunk more."""
        assert self._answering is not None, "answering was begun"
        self._num_errors += written.num_errors
        expert = written.chunk.expert or "faults"
        self._bars.update(
            self._answering,
            advance=written.chunk.num_rows,
            told=f"{expert}, {self._num_errors:,} errors",
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()
        self._stream.close()
