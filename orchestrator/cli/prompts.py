"""`orchestrator prompts`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from orchestrator.cli.telling import AsJson
from orchestrator.errors import PromptError
from orchestrator.prompts.catalogue import shipped, shipped_text
from orchestrator.prompts.roles import ROLES, VARIABLES, Role

RoleName = Annotated[
    str | None,
    typer.Argument(metavar="[ROLE]", help="Whose prompt to print; without it, which there are."),
]


def prompts(role: RoleName = None, as_json: AsJson = False) -> None:
    """Print the prompt of a role, or say which roles there are."""
    if as_json:
        named = ROLES if role is None else (_role(role),)
        typer.echo(json.dumps([_told(one) for one in named], indent=2))
        return
    if role is not None:
        typer.echo(shipped_text(_role(role)), nl=False)
        return
    for one in ROLES:
        typer.echo(f"{one}({', '.join(VARIABLES[one])})\n    {shipped(one).about}")


def _told(role: Role) -> dict[str, object]:
    about, text = shipped(role).about, shipped_text(role)
    return {"role": role, "variables": list(VARIABLES[role]), "about": about, "text": text}


def _role(name: str) -> Role:
    for role in ROLES:
        if role == name:
            return role
    raise PromptError(f"{name!r} is no role; roles: {', '.join(ROLES)}")
