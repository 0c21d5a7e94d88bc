"""An edit of the registry before it is a generation: its text, and what became of its check."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import PlacedFault, RegistryError
from orchestrator.registry.arguments import CheckArgs
from orchestrator.registry.document import decode
from orchestrator.registry.faults import Fault
from orchestrator.registry.generations import Source
from orchestrator.registry.loader import Checked, check_document
from orchestrator.registry.models import Registry
from orchestrator.registry.surroundings import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A text that is to become the registry."""

    content: bytes
    #: What its faults call it: the file's path, or `request`.
    name: str
    #: Where its relative paths start.
    folder: str
    source: Source
    restores: int | None = None
    #: See `GenerationRecord.file_sha256`.
    file_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundEdit:
    """An edit that passed its check."""

    edit: Edit
    text: str
    registry: Registry
    #: Its place among all edits, by arrival: a later one wins.
    order: int
    warnings: tuple[PlacedFault, ...] = ()


#: Checks an edit; may take a second and read files.
Check = Callable[[Edit], Checked]


def checker(
    *, engine_args: CheckArgs | None = None, environ: Mapping[str, str] = os.environ
) -> Check:
    """The check that `orchestrator check` makes, for edits."""

    def check(edit: Edit) -> Checked:
        where = Surroundings(folder=Path(edit.folder), environ=environ)
        return check_document(decode(edit.content, file=edit.name), where, engine_args=engine_args)

    return check


def sound(edit: Edit, checked: Checked, *, order: int) -> SoundEdit:
    """The edit, once its check found nothing.

    Raises:
        RegistryError: every fault, with its place.
    """
    if checked.registry is None:
        raise RegistryError(
            "\n".join(str(fault) for fault in checked.faults),
            faults=tuple(_placed(fault) for fault in checked.faults),
        )
    return SoundEdit(
        edit=edit,
        text=edit.content.decode("utf-8-sig"),
        registry=checked.registry,
        order=order,
        warnings=tuple(_placed(warning) for warning in checked.warnings),
    )


def _placed(fault: Fault) -> PlacedFault:
    place = fault.place
    return PlacedFault(line=place.line, column=place.column, key=fault.key, text=str(fault))


def sha256_of(content: bytes) -> str:
    """The name of a content: 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
