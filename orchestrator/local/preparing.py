"""From a registry as a program names it to what is to run, checked as far as costs no time."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from orchestrator.engines import fetched
from orchestrator.engines.vllm_args import installed_arguments
from orchestrator.errors import SetupError
from orchestrator.local.devices import dealt, visible
from orchestrator.registry.edit import Edit, checker, sha256_of, sound
from orchestrator.registry.generations import GenerationRecord
from orchestrator.registry.models import Registry
from orchestrator.registry.registry_file import read_content
from orchestrator.registry.settling import Missing
from orchestrator.residency.limits import LoopLimits
from orchestrator.service.layout import grouped, lay_out
from orchestrator.service.plan import Plan
from orchestrator.service.preflight import require_engines, require_keys, require_memory

_GIB = 2**30
#: Of each slot's process beside its engines, GiB: with vLLM and torch imported, 0.74 resident.
_SLOT_GIB = 0.8

#: A file, its text, or the registry itself.
RegistrySource = Path | str | Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is to run."""

    record: GenerationRecord
    plan: Plan
    #: Accelerators by slot.
    devices: dict[str, tuple[str, ...]]

    @property
    def registry(self) -> Registry:
        """What is served."""
        return self.record.registry


def prepared(source: RegistrySource) -> Prepared:
    """Check everything that can be checked without starting anything.

    Args:
        source: a registry, its file, or its text; what is no file and has a line break is a text,
            whose relative paths start at the current folder.

    Raises:
        RegistryError: the registry is invalid, or a key is not set; one fault a line.
        MissingExtraError: a package is not installed; names the extra.
        SetupError: there is no such file; memory, accelerators or a model are missing.
    """
    record = _record(source)
    registry = record.registry
    fetched.sketch(registry.experts)
    layout = lay_out(registry, grouped(registry, Path(record.folder)))
    require_engines(layout)
    require_keys(registry, os.environ)
    shares = [share for share in layout.shares if share.lineages]
    devices = dealt([share.name for share in shares], visible(os.environ))
    if shares:
        needed_gib = layout.host_memory_gib + _SLOT_GIB * len(shares)
        require_memory(needed_gib, free_gib=psutil.virtual_memory().available / _GIB)
    defaults = registry.defaults
    limits = LoopLimits(
        max_queue=defaults.max_queue,
        patience=defaults.patience,
        prefetch=defaults.prefetch,
        background_beside=defaults.beside,
    )
    return Prepared(
        record=record,
        plan=Plan(number=record.number, layout=layout, limits=limits),
        devices=devices,
    )


def _record(source: RegistrySource) -> GenerationRecord:
    edit = _edit(source)
    found = sound(edit, checker(engine_args=installed_arguments())(edit), order=0)
    return GenerationRecord(
        number=1,
        registry=found.registry,
        text=found.text,
        sha256=sha256_of(edit.content),
        folder=edit.folder,
        source="start",
        created_s=time.time(),
    )


def _edit(source: RegistrySource) -> Edit:
    if isinstance(source, Registry):  # by its text, so that it is checked as any other
        source = source.model_dump_json(exclude_unset=True) + "\n"
    if isinstance(source, str) and "\n" in source:
        content = source.encode()
        return Edit(content=content, name="registry", folder=str(Path.cwd()), source="start")
    path = Path(source).absolute()
    if not path.is_file():
        raise SetupError(f"there is no registry {str(source)!r}; name its file, or give its text")
    told = read_content(path)
    if isinstance(told, Missing):
        raise SetupError(f"the registry {str(path)!r} cannot be read: {told.reason}")
    return Edit(content=told, name=str(path), folder=str(path.parent), source="start")
