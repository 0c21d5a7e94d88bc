"""`orchestrator init`: a first registry from models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli import machine as this_machine
from orchestrator.cli.commands import require
from orchestrator.cli.telling import AsJson, patiently, tell
from orchestrator.engines.lineage import lineages
from orchestrator.errors import RegistryError, SetupError
from orchestrator.moving.first_registry import Machine, experts_of, first_registry, general_of
from orchestrator.moving.surveying import survey
from orchestrator.moving.writing import registry_text
from orchestrator.registry.document import parse
from orchestrator.registry.expert_text import replace_text
from orchestrator.registry.loader import check_document
from orchestrator.registry.models import Registry
from orchestrator.registry.surroundings import Surroundings, on_base

#: Shares of a device's and of the machine's memory that engines get.
_OF_DEVICE = 0.9
_OF_MACHINE = 0.5

Sources = Annotated[
    list[str],
    typer.Argument(help="Models and LoRA adapters: folders, folders of such, ids of the hub."),
]
Out = Annotated[Path, typer.Option(help="The file to write.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
General = Annotated[str | None, typer.Option(help="Expert that answers where no rule holds.")]
Memory = Annotated[float | None, typer.Option(min=0.1, help="Memory for engines, GiB.")]


def init(
    models: Sources,
    out: Out = Path("experts.yaml"),
    force: Force = False,
    general: General = None,
    memory_gib: Memory = None,
    as_json: AsJson = False,
) -> None:
    """Write a first registry from models.

    It has experts by lineage, adapters beside their bases, licences and tags as the models' cards
    tell them, a router, and a slot for this machine.

    Of models at the hub configuration and headers are fetched, no weights.
    """
    if out.exists() and not force:
        raise SetupError(f"{str(out)!r} is there already: give another --out, or --force")
    start = out.absolute().parent
    experts = experts_of(survey(models, start=start, outline=_outline))
    machine = _machine(memory_gib)
    by_id = {one.id: one for one in experts}
    whole = [on_base(one, by_id.get(one.base or "")) for one in experts]
    grouped = lineages(whole, start, on_cpu=not machine.accelerators)
    registry, comments = first_registry(
        experts, grouped, general=general_of(experts, general), machine=machine
    )
    text = registry_text(registry, comments)
    _require_sound(text, out)
    _write(out, text)
    told = [{"id": one.id, "experts": [each.id for each in one.experts]} for one in grouped]
    tell(_summary(registry, len(grouped), out), as_json=as_json, file=out, lineages=told)


def _outline(source: str) -> Path:
    """Configuration and headers of a hub's model, from the library or fetched into it."""
    require("serve")
    from orchestrator.checkpoints.librarian import Librarian
    from orchestrator.checkpoints.library import Library
    from orchestrator.checkpoints.sources import Wanted
    from orchestrator.registry.weights import read_checkpoint

    library = Library.of(os.environ)
    librarian = Librarian(library=library, inspect=read_checkpoint)
    with patiently(f"fetching configuration and headers of {source}"):
        return library.snapshot(source, None) or librarian.outline(
            Wanted(expert_id=source.rpartition("/")[2], source=source)
        )


def _machine(wanted_gib: float | None) -> Machine:
    devices = this_machine.accelerators()
    usable_gib = (
        devices[0].memory_gib * _OF_DEVICE if devices else this_machine.memory_gib() * _OF_MACHINE
    )
    given = usable_gib if wanted_gib is None else wanted_gib
    return Machine(memory_gib=round(given, 1), accelerators=1 if devices else 0)


def _require_sound(text: str, out: Path) -> None:
    where = Surroundings(folder=out.absolute().parent, environ=os.environ)
    checked = check_document(parse(text, file=str(out)), where)
    if checked.registry is None:
        faults = "\n".join(str(fault) for fault in checked.faults)
        raise RegistryError(f"{str(out)!r} was not written, it would have faults:\n{faults}")


def _write(out: Path, text: str) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if not out.exists():
            out.touch()
    except OSError as exc:
        raise SetupError(f"{str(out)!r} cannot be written: {exc.strerror}") from exc
    replace_text(out, text)


def _summary(registry: Registry, num_lineages: int, out: Path) -> str:
    experts = f"{len(registry.experts)} expert{'s' if len(registry.experts) > 1 else ''}"
    return (
        f"wrote {out}: {experts} of {num_lineages} lineage{'s' if num_lineages > 1 else ''}\n"
        f"next: orchestrator check {out}, then orchestrator serve --registry {out}"
    )
