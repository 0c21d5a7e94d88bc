"""How commands change a registry file: only to what could be served, and all at once."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.cli.telling import AsJson as AsJson
from orchestrator.engines.vllm_args import installed_arguments
from orchestrator.errors import RegistryError
from orchestrator.registry.document import decode
from orchestrator.registry.document import parse as parse_registry
from orchestrator.registry.draft import Draft, draft_of, salvage
from orchestrator.registry.expert_text import replace_text
from orchestrator.registry.faults import listed, nearest
from orchestrator.registry.form import validate
from orchestrator.registry.loader import check_document
from orchestrator.registry.references import Reference, references_of
from orchestrator.registry.surroundings import Surroundings

RegistryFile = Annotated[
    Path, typer.Option("--registry", envvar="ORCHESTRATOR_REGISTRY", help="The registry file.")
]
DEFAULT_FILE = Path("experts.yaml")
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the change and make none.")]
Values = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...", help="Values as YAML: engine.max_model_len=4096, skills='[a, b]'."
    ),
]


def write_sound(registry: Path, text: str) -> None:
    """Write a registry's text if it can be served.

    Raises:
        RegistryError: its faults, or why it cannot be written; the file is as it was.
    """
    require_sound(registry, text)
    replace_text(registry, text)


def require_sound(registry: Path, text: str) -> None:
    """Check the text that a registry is to have.

    Raises:
        RegistryError: its faults.
    """
    where = Surroundings(folder=registry.absolute().parent, environ=os.environ)
    document = decode(text.encode(), file=str(registry))
    checked = check_document(document, where, engine_args=installed_arguments())
    if checked.registry is None:
        faults = "\n".join(str(fault) for fault in checked.faults)
        raise RegistryError(f"{registry} was left as it is; with this it has faults:\n{faults}")


def carry_out(registry: Path, before: str, after: str, *, dry_run: bool, as_json: bool) -> None:
    """Show the change of a registry file, and make it unless it is a dry run.

    Raises:
        RegistryError: with the change it has faults; the file is as it was.
    """
    diff = list(_diff(before, after, str(registry)))
    if diff:
        (require_sound if dry_run else write_sound)(registry, after)
    if as_json:
        told = {"file": str(registry), "is_written": not dry_run and bool(diff), "diff": diff}
        typer.echo(json.dumps(told, indent=2))
        return
    typer.echo("\n".join(diff) or "nothing to do: it says so already")
    if not dry_run and diff:
        typer.echo(f"wrote {registry}; a service that serves it takes it by itself", err=True)


def references_to(text: str, expert_id: str) -> tuple[Reference, ...]:
    """Everything in a registry that names an expert."""
    found = references_of(_draft(text))
    return tuple(one for one in found if one.target == ("expert", expert_id))


def ids_of(text: str) -> tuple[str, ...]:
    """The ids of a registry's experts, sound or not, in the order of the file."""
    return tuple(_draft(text).expert_ids.values())


def require_expert(text: str, expert_id: str, *, file: str) -> None:
    """Say which ids there are.

    Raises:
        RegistryError: there is no such expert.
    """
    known = ids_of(text)
    if expert_id not in known:
        close = nearest(expert_id, known)
        meant = f"; did you mean {close!r}?" if close else ""
        raise RegistryError(f"{file}: no expert {expert_id!r}; known: {listed(known)}{meant}")


def _draft(text: str) -> Draft:
    value = parse_registry(text, file="").value
    registry, _ = validate(value)
    return salvage(value) if registry is None else draft_of(registry)


def assignments(values: list[str] | None) -> list[tuple[list[str], Any]]:
    """`engine.dtype=float16` as key and value.

    Raises:
        BadParameter: it is no `KEY=VALUE`, or its value is no YAML.
    """
    return [_assignment(one) for one in values or ()]


def _assignment(given: str) -> tuple[list[str], Any]:
    key, equals, text = given.partition("=")
    if not equals or not all(key.split(".")):
        raise typer.BadParameter(f"{given!r} is no KEY=VALUE", param_hint="KEY=VALUE")
    document = parse_registry(f"value: {text}\n", file=key)
    if document.faults:
        raise typer.BadParameter(str(document.faults[0]), param_hint="KEY=VALUE")
    return key.split("."), document.value["value"]


def _diff(before: str, after: str, file: str) -> Iterator[str]:
    yield from difflib.unified_diff(
        before.splitlines(), after.splitlines(), file, file, lineterm=""
    )
