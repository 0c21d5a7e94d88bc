"""A bar of a batch, on a terminal or below a notebook's cell."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import TaskID

from orchestrator.client.batch_wire import BatchProgress, RunState
from orchestrator.service.progress_bar import progress_bar


class BatchBar:
    """Lines done, tokens a second, who works now and how often experts were swapped.

    Args:
        console: where it is drawn; the error output by default, and a notebook's cell in one.
        is_shown: whether it is drawn at all.
    """

    def __init__(self, console: Console | None = None, *, is_shown: bool = True) -> None:
        self._bar = progress_bar(console or Console(stderr=True), disable=not is_shown)
        self._task: TaskID | None = None
        #: Of the batch that is under way, `None` before it was heard of and after its end.
        self.batch_id: str | None = None

    def heard(self, progress: BatchProgress) -> None:
        """Draw how far it is."""
        self.batch_id = None if progress.has_ended else progress.id
        if self._task is None:
            self._task = self._bar.add_task(progress.status, total=None, told="")
        counts = progress.request_counts
        self._bar.update(
            self._task,
            description=progress.status,
            completed=counts.completed + counts.failed,
            total=counts.total or None,
            told=told_of(progress),
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()


def told_of(progress: BatchProgress) -> str:
    """What goes beside the bar, in a few words."""
    failed = progress.request_counts.failed
    parts = [f"{failed:,} failed"] if failed else []
    if progress.run is not None:
        parts += _pace(progress.run)
    if progress.obstacle:
        parts.append(progress.obstacle)
    return ", ".join(parts)


def _pace(run: RunState) -> list[str]:
    parts = [f"{run.tokens_per_s:,.0f} tokens/s"] if run.tokens_per_s else []
    if run.swaps_so_far or run.swaps_expected:
        parts.append(f"{run.swaps_so_far:,} of {run.swaps_expected:,} swaps")
    if now := ", ".join(dict.fromkeys(one.expert for one in run.current)):
        parts.append(now)
    return parts
