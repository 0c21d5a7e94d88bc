"""`orchestrator batch COMMAND`: files of requests that are answered by plan.

To add `batch show`: `orchestrator/cli/batch_show.py` with one function `batch_show`, and a row
here.
"""

from __future__ import annotations

import typer

from orchestrator.cli.commands import Command, group_of

BATCHES: dict[str, Command] = {
    "run": Command(
        help="Answer files or folders of any size, and go on after a stop.", extra="batch"
    ),
}

batch = typer.Typer(
    cls=group_of(BATCHES, prefix="batch_"),
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@batch.callback()
def _described() -> None:
    """Answer files of requests by plan."""
