"""`orchestrator prompts`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.errors import PromptError
from orchestrator.prompts.catalogue import shipped, shipped_text
from orchestrator.prompts.roles import ROLES, VARIABLES, Role

RoleName = Annotated[
    str | None,
    typer.Argument(metavar="[ROLE]", help="Whose prompt to print; without it, which there are."),
]


def prompts(role: RoleName = None) -> None:
    """Print the prompt of a role, or say which roles there are."""
    if role is not None:
        typer.echo(shipped_text(_role(role)), nl=False)
        return
    for one in ROLES:
        typer.echo(f"{one}({', '.join(VARIABLES[one])})\n    {shipped(one).about}")


def _role(name: str) -> Role:
    for role in ROLES:
        if role == name:
            return role
    raise PromptError(f"{name!r} is no role; roles: {', '.join(ROLES)}")
