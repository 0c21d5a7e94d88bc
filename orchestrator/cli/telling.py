"""What all commands have in common when they tell what became of something."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
#: What takes longer says so, seconds.
_PATIENCE_S = 2.0


def tell(line: str, *, as_json: bool, **facts: Any) -> None:
    """Print a line for people, or the facts that it tells for programs."""
    typer.echo(json.dumps(plain(facts), indent=2) if as_json else line)


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as JSON has them: paths and the like as text."""
    read: dict[str, Any] = json.loads(json.dumps(facts, default=str))
    return read


@contextmanager
def patiently(what: str, *, after_s: float = _PATIENCE_S) -> Iterator[threading.Event]:
    """Say on standard error what is being done, once it takes longer than people wait for.

    On a terminal with the time that it took so far, until it ends; else on a line.

    Args:
        what: with a verb: `reading the headers of org/model`.
        after_s: when it is said.

    Yields:
        What is set once it was said.
    """
    said, is_over = threading.Event(), threading.Event()
    telling = threading.Thread(target=_say, args=(what, after_s, said, is_over), daemon=True)
    telling.start()
    try:
        yield said
    finally:
        is_over.set()
        telling.join()


def _say(what: str, after_s: float, said: threading.Event, is_over: threading.Event) -> None:
    if is_over.wait(after_s):
        return
    err = sys.stderr
    if not err.isatty():
        err.write(f"{what} ...\n")
        said.set()
        return
    # What most commands never show: its import would be a third of their start.
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=err), transient=True) as shown:
        shown.add_task(what, total=None)
        shown.refresh()
        said.set()
        is_over.wait()
