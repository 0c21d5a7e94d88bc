"""How the commands of `orchestrator import` read and print."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from orchestrator.cli.text_files import text_of
from orchestrator.errors import RegistryError, SetupError
from orchestrator.moving.moved import Moved
from orchestrator.moving.writing import Comments, registry_text
from orchestrator.registry.document import parse
from orchestrator.registry.loader import check_document
from orchestrator.registry.surroundings import Surroundings

File = Annotated[Path, typer.Argument(help="The configuration, YAML.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object: the registry and what was left out.")
]


def content_of(file: Path) -> Any:
    """What a file of YAML holds.

    Raises:
        SetupError: it cannot be read, or is no YAML.
    """
    try:
        return yaml.safe_load(text_of(file))
    except (yaml.YAMLError, RecursionError) as exc:
        raise SetupError(f"{str(file)!r} is no YAML: {exc}") from exc


def show(moved: Moved, *, file: Path, as_json: bool) -> None:
    """Print the registry, and on standard error what is not in it.

    Raises:
        RegistryError: the registry could not be served as it is; it was printed all the same.
    """
    head = (
        f"Made of {file.name} by `orchestrator import`.",
        "`orchestrator check` says what is still to be set, such as variables of keys.",
    )
    text = registry_text(moved.registry, Comments(head=head))
    if as_json:
        left = [dataclasses.asdict(one) for one in moved.left]
        typer.echo(json.dumps({"registry": text, "left_out": left}, indent=2))
    else:
        typer.echo(text, nl=False)
        for one in moved.left:
            typer.echo(f"not carried over: {one}", err=True)
    where = Surroundings(folder=Path.cwd(), environ=os.environ)
    checked = check_document(parse(text, file="the registry"), where)
    if checked.registry is None:
        raise RegistryError("\n".join(str(fault) for fault in checked.faults))
