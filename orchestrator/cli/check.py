"""`orchestrator check FILE`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.engines.lineage import is_known
from orchestrator.engines.vllm_args import installed_arguments
from orchestrator.errors import RegistryError, SetupError
from orchestrator.registry.faults import Fault, Place
from orchestrator.registry.loader import Checked
from orchestrator.registry.loader import check as check_registry
from orchestrator.registry.models import Registry
from orchestrator.registry.variants import Choice
from orchestrator.service.layout import grouped, lay_out


def check(
    file: Annotated[Path, typer.Argument(help="The registry file.")] = Path("experts.yaml"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check a registry file: exit code 0 when it can be served, 1 when it has faults."""
    checked = _placed(file, check_registry(file, engine_args=installed_arguments()))
    typer.echo(json.dumps(_document(checked), indent=2) if as_json else _text(file, checked))
    if checked.registry is None:
        raise typer.Exit(1)


def _placed(file: Path, checked: Checked) -> Checked:
    """What the check found, and which engines have no room beside each other in the slots.

    Not asked while a model is unknown: siblings of it would be taken for engines of their own.
    """
    registry = checked.registry
    if registry is None:
        return checked
    place = Place(file=str(file))
    try:
        lineages = grouped(registry, file.resolve().parent)
        if all(is_known(one, lineage) for lineage in lineages for one in lineage.experts):
            turns = lay_out(registry, lineages).turns
            told = tuple(Fault(place=place, key="slots", reason=one) for one in turns)
            checked = dataclasses.replace(checked, warnings=(*checked.warnings, *told))
    except (RegistryError, SetupError) as exc:
        fault = Fault(place=place, key="slots", reason=exc.message)
        return dataclasses.replace(checked, registry=None, faults=(fault,))
    return checked


def _text(file: Path, checked: Checked) -> str:
    lines = [str(fault) for fault in checked.faults]
    lines += [f"{warning} (warning)" for warning in checked.warnings]
    if checked.registry is None:
        return "\n".join([*lines, f"{file}: {_counted(len(checked.faults), 'fault')}"])
    lines += [str(choice) for choice in checked.choices]
    return "\n".join([*lines, f"{file}: valid: {_summary(checked.registry)}"])


def _summary(registry: Registry) -> str:
    counts = {
        "expert": len(registry.experts),
        "router": len(registry.routers),
        "composition": len(registry.compositions),
        "slot": sum(slot.count for slot in registry.slots),
    }
    return ", ".join(_counted(count, name) for name, count in counts.items())


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def _document(checked: Checked) -> dict[str, Any]:
    return {
        "is_valid": checked.registry is not None,
        "faults": [_fault(fault) for fault in checked.faults],
        "warnings": [_fault(warning) for warning in checked.warnings],
        "choices": [_choice(choice) for choice in checked.choices],
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "expert": choice.expert_id,
        "variant": choice.variant.name if choice.variant else None,
        "loss": choice.variant.loss if choice.variant else 0.0,
        "slots": list(choice.slots),
        "text": str(choice),
    }


def _fault(fault: Fault) -> dict[str, Any]:
    fields = dataclasses.asdict(fault)
    return {**fields.pop("place"), **fields, "text": str(fault)}
