"""What `orchestrator profile` shows: a bar for each expert, and a table at the end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from orchestrator.profiling.summary import Line
from routers.datasets import Outcome

_PIPE_COLUMNS = 160


class Bars:
    """Bars on the error output, with the share that was right so far."""

    def __init__(self, experts: Iterable[str], *, total: int) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[right]:.1%} right"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._tasks = {
            name: self._bars.add_task(name, total=total, start=False, right=0.0) for name in experts
        }
        self._scores = dict.fromkeys(self._tasks, 0.0)
        self._counts = dict.fromkeys(self._tasks, 0)

    def heard(self, outcome: Outcome) -> None:
        """One more; those of experts without a bar are not counted."""
        name = outcome.expert
        if name not in self._tasks:
            return
        self._counts[name] += 1
        self._scores[name] += 0.0 if math.isnan(outcome.score) else outcome.score
        self._bars.start_task(self._tasks[name])
        self._bars.update(
            self._tasks[name], advance=1, right=self._scores[name] / self._counts[name]
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


def show(lines: Sequence[Line]) -> None:
    """Print the table of a run."""
    table = Table(title="what experts answered", title_justify="left")
    heads = ("right %", "95 %", "questions", "answers", "unread", "refused", "tokens", "seconds")
    table.add_column("expert")
    for head in heads:
        table.add_column(head, justify="right")
    for line in lines:
        low, high = line.right.interval
        table.add_row(
            line.expert,
            f"{line.right.value:.1%}",
            f"{low:.1%} to {high:.1%}",
            f"{line.right.asked:,}",
            f"{line.num_answers:,}",
            f"{line.num_unread:,}",
            f"{line.num_faults:,}",
            f"{line.tokens:,}",
            "-" if line.mean_seconds is None else f"{line.mean_seconds:.3f}",
        )
    console = Console()
    if not console.is_terminal:
        console.width = _PIPE_COLUMNS
    console.print(table)
