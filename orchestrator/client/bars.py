"""A bar that says how far a batch is, on a terminal or below a notebook's cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orchestrator.client.batch_wire import BatchProgress, RunState

Heard = Callable[[BatchProgress], None]


@contextmanager
def heard_with_bar(heard: Heard | None, *, is_shown: bool) -> Iterator[Heard | None]:
    """Who is told how far a batch is: `heard`, and where it is wanted a bar on stderr."""
    if not is_shown:
        yield heard
        return
    # Here: nobody who shows none loads it.
    from rich.console import Console

    from orchestrator.client.progress_bar import progress_bar

    with progress_bar(Console(stderr=True)) as bar:
        task = bar.add_task("batch", total=None, told="")

        def tell(progress: BatchProgress) -> None:
            counts = progress.request_counts
            bar.update(
                task,
                description=progress.status.replace("_", " "),
                completed=counts.completed + counts.failed,
                total=counts.total or None,
                told=told_of(progress),
            )
            if heard is not None:
                heard(progress)

        yield tell


def told_of(progress: BatchProgress) -> str:
    """What goes beside the bar, in a few words: failures, pace, swaps, who works, what keeps it."""
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
