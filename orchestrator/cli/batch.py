"""`orchestrator batch COMMAND`: files of requests that are answered by plan.

To add `batch show`: `orchestrator/cli/batch_show.py` with one function `batch_show`, and a row
here.
"""

from __future__ import annotations

import typer

from orchestrator.cli.commands import Command, group_of

BATCHES: dict[str, Command] = {
    "plan": Command(help="Say what a file of requests would take, and answer none."),
    "submit": Command(help="Have a service answer a file of requests."),
    "watch": Command(help="Show how far a batch is until it has ended."),
    "list": Command(help="List batches, newest first."),
    "show": Command(help="Show one batch and its faults."),
    "cancel": Command(help="End a batch; what is finished is kept."),
    "output": Command(help="Print the results of a batch, one a line."),
    "timeline": Command(help="Draw what was predicted beside what happened."),
    "run": Command(
        help="Answer files or folders of any size, and go on after a stop.", extra="serve,batch"
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
