"""`orchestrator import litellm|llama-swap FILE`: a registry made of another gateway's settings."""

from __future__ import annotations

import typer

from orchestrator.cli.commands import Command, group_of

IMPORTS: dict[str, Command] = {
    "litellm": Command(help="Print a registry made of a LiteLLM proxy's configuration."),
    "llama-swap": Command(
        help="Print a registry made of llama-swap's configuration.", module="llama_swap"
    ),
}

importing = typer.Typer(
    cls=group_of(IMPORTS, prefix="importing_"),
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@importing.callback()
def _described() -> None:
    """Print a registry made of LiteLLM's or llama-swap's settings.

    The registry goes to standard output, every setting that is not in it to standard error.
    """
