"""How far a batch is, on a terminal: redrawn in place, or a line at a time into a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from orchestrator.batch.gantt import duration
from orchestrator.client.batch_wire import BatchProgress, CurrentRun

_DONE, _LEFT = "━", "─"
#: Runs that are shown; the rest is counted.
_MAX_RUNS = 16
_MAX_BAR = 60


class BatchScreen:
    """Shows each state on the error output, so that the output holds results alone."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._live = (
            Live(console=self._console, auto_refresh=False, transient=False)
            if sys.stderr.isatty()
            else None
        )
        self._told = ""

    def heard(self, progress: BatchProgress) -> None:
        """Show how far it is now."""
        if self._live is None:
            line = progress_line(progress)
            if line != self._told:
                typer.echo(line, err=True)
            self._told = line
        else:
            lines = progress_lines(progress, width=self._console.width)
            self._live.update(Text("\n".join(lines), no_wrap=True), refresh=True)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()


def progress_line(progress: BatchProgress) -> str:
    """One line: the state, lines, pace, swaps, time left."""
    parts = [f"{progress.id} {progress.status}", _counts(progress), *_pace(progress)]
    if progress.obstacle:
        parts.append(progress.obstacle)
    return ", ".join(part for part in parts if part)


def progress_lines(progress: BatchProgress, *, width: int) -> list[str]:
    """The same in lines of at most `width` columns, with a bar and the runs under way."""
    counts = progress.request_counts
    lines = [f"{progress.id}  {progress.status}", _counts(progress)]
    if counts.total:
        lines.append(_bar((counts.completed + counts.failed) / counts.total, width))
    if progress.run is not None:
        lines.append("   ".join(_pace(progress)))
        lines += _runs(progress.run.current)
    if progress.obstacle:
        lines.append(f"! {progress.obstacle}")
    return [line if len(line) <= width else f"{line[: width - 1]}…" for line in lines if line]


def _counts(progress: BatchProgress) -> str:
    counts = progress.request_counts
    if not counts.total:
        return ""
    failed = f" ({counts.failed:,} failed)" if counts.failed else ""
    return f"{counts.completed + counts.failed:,} of {counts.total:,} lines{failed}"


def _pace(progress: BatchProgress) -> list[str]:
    run = progress.run
    if run is None:
        return []
    is_left = run.left_s is not None and not progress.has_ended
    left = [f"{duration(run.left_s or 0.0)} left"] if is_left else []
    return [
        f"{run.tokens_per_s:,.0f} tokens/s",
        f"{run.swaps_so_far:,} of {run.swaps_expected:,} swaps",
        *left,
    ]


def _bar(share: float, width: int) -> str:
    room = max(min(width - 6, _MAX_BAR), 4)
    done = int(room * min(share, 1.0))
    return f"{_DONE * done}{_LEFT * (room - done)} {int(share * 100)} %"


def _runs(current: tuple[CurrentRun, ...]) -> Iterator[str]:
    shown = current[:_MAX_RUNS]
    slots = max((len(run.slot) for run in shown), default=0)
    experts = max((len(run.expert) for run in shown), default=0)
    for run in shown:
        swapped = "  after a swap" if run.is_swapped else ""
        done = f"{run.num_done:,} of {run.num_calls:,} calls"
        yield f"  {run.slot:{slots}}  {run.expert:{experts}}  {done}{swapped}"
    if len(current) > len(shown):
        yield f"  and {len(current) - len(shown)} more"
