"""A bar that says how far a batch is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orchestrator.client.batch_wire import BatchProgress

Heard = Callable[[BatchProgress], None]


@contextmanager
def heard_with_bar(heard: Heard | None, *, is_shown: bool) -> Iterator[Heard | None]:
    """Who is told how far a batch is: `heard`, and where it is wanted a bar on stderr."""
    if not is_shown:
        yield heard
        return
    # Here: nobody who shows none loads it.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("batch", total=None)

        def tell(progress: BatchProgress) -> None:
            counts = progress.request_counts
            done = counts.completed + counts.failed
            described = progress.status.replace("_", " ")
            bar.update(task, description=described, completed=done, total=counts.total or None)
            if heard is not None:
                heard(progress)

        yield tell
