"""`orchestrator experts COMMAND`: the experts of a file or a service, and edits of the file.

To add `experts show`: `orchestrator/cli/experts_show.py` with one function `experts_show`, and a
row here.
"""

from __future__ import annotations

import typer

from orchestrator.cli.commands import Command, group_of

EXPERTS: dict[str, Command] = {
    "list": Command(help="List the experts of a registry file or of a running service."),
    "show": Command(help="Show one expert, and what names it."),
    "add": Command(help="Add an expert to a registry file."),
    "edit": Command(help="Change values of an expert in a registry file."),
    "remove": Command(help="Take an expert out of a registry file that nothing names."),
}

experts = typer.Typer(
    cls=group_of(EXPERTS, prefix="experts_"),
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@experts.callback()
def _described() -> None:
    """List, show, add, edit and remove experts.

    Edits keep comments and order. They show the change, and write only what could be served.
    """
