"""`orchestrator keys COMMAND`: who may ask a running service, and for what.

To add `keys show`: `orchestrator/cli/keys_show.py` with one function `keys_show`, and a row here.
"""

from __future__ import annotations

import typer

from orchestrator.cli.commands import Command, group_of

KEYS: dict[str, Command] = {
    "create": Command(help="Make a key; its secret is printed this once."),
    "list": Command(help="List keys, without their secrets."),
    "show": Command(help="Show one key and what bounds its holder."),
    "edit": Command(help="Change what a key may ask for."),
    "rotate": Command(help="Give a key another secret."),
    "revoke": Command(help="End a key for good."),
}

keys = typer.Typer(
    cls=group_of(KEYS, prefix="keys_"),
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@keys.callback()
def _described() -> None:
    """Make, list, change and end keys of a running service.

    The admin key is read from ORCHESTRATOR_ADMIN_KEY.
    """
