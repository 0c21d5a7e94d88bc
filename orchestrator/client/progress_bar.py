"""The one look of long work on a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


def progress_bar(console: Console, **options: Any) -> Progress:
    """A name, a bar, counts, what is told of it, the time it took and the time it will take.

    Args:
        console: where it is drawn.
        options: of `rich.progress.Progress`; each of its tasks has a field `told`.
    """
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        **options,
    )
