"""What must hold before anything starts; each fault is one clear line and costs no time."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from orchestrator.batch.storage_opening import open_storage
from orchestrator.caching.opening import open_likeness
from orchestrator.engines import fetched
from orchestrator.engines.remote import api_key
from orchestrator.engines.vllm_args import installed_arguments
from orchestrator.errors import MissingExtraError, RegistryError, SetupError
from orchestrator.registry.edit import Edit, SoundEdit, checker, sha256_of, sound
from orchestrator.registry.models import Registry
from orchestrator.registry.registry_file import read_content
from orchestrator.registry.settling import Missing
from orchestrator.routing.building import Routers, quick_to_load
from orchestrator.service.entry import Entry, entry_of
from orchestrator.service.layout import Layout, grouped, lay_out
from orchestrator.service.ports import require_free
from orchestrator.service.settings import Settings

_GIB = 2**30
#: Ray, the gateways, the Conductor and Redis beside the engines, GiB: measured 1.6 with two
#: gateways, and 0.25 for each further one.
_SERVICE_GIB = 1.1
_GATEWAY_GIB = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is to be served, as far as it can be known to start."""

    #: The file, as it becomes the first generation.
    edit: SoundEdit
    layout: Layout
    #: Who may enter.
    entry: Entry

    @property
    def registry(self) -> Registry:
        """What it says."""
        return self.edit.registry


def check(settings: Settings) -> Checked:
    """Check everything that can be checked without starting anything.

    Raises:
        RegistryError: the registry is invalid, or a key is not set; one fault a line.
        MissingExtraError: a package is not installed; names the extra.
        SetupError: the port is busy, memory or a model is missing, or strangers could ask.
    """
    entry = entry_of(settings)
    require_free(settings.host, settings.port)
    checked = check_content(settings, entry)
    _require_memory(checked.layout, settings)
    return checked


def check_content(settings: Settings, entry: Entry) -> Checked:
    """Check what is the same wherever it runs.

    Args:
        settings: what to serve.
        entry: who may enter.

    Raises:
        RegistryError: the registry is invalid, or a key is not set; one fault a line.
        MissingExtraError: a package is not installed; names the extra.
        SetupError: a model is missing, or a router does not load.
    """
    if not settings.registry.is_file():
        raise SetupError(
            f"there is no registry {str(settings.registry)!r}: name one with `--registry` "
            "(`make serve REGISTRY=...`)"
        )
    edit = _read(settings.registry.absolute())
    registry = edit.registry
    fetched.sketch(registry.experts)
    layout = lay_out(registry, grouped(registry, settings.registry.resolve().parent))
    require_extras(layout, is_installed=_is_installed)
    require_keys(registry, os.environ)
    _require_routers(registry)
    open_storage(settings.storage)
    open_likeness(settings.cache)
    return Checked(edit=edit, layout=layout, entry=entry)


def _read(path: Path) -> SoundEdit:
    """The file, checked as the running service checks its edits.

    Raises:
        RegistryError: it has faults; one a line.
        SetupError: it cannot be read.
    """
    content = read_content(path)
    if isinstance(content, Missing):
        raise SetupError(f"the registry {str(path)!r} cannot be read: {content.reason}")
    edit = Edit(
        content=content,
        name=str(path),
        folder=str(path.parent),
        source="start",
        file_sha256=sha256_of(content),
    )
    return sound(edit, checker(engine_args=installed_arguments())(edit), order=0)


def require_extras(layout: Layout, *, is_installed: Callable[[str], bool]) -> None:
    """Name the extra of the first package that is needed and missing.

    Raises:
        MissingExtraError: a package is not installed.
    """
    _require(("ray", "fastapi", "redis"), extra="serve", is_installed=is_installed)
    require_engines(layout, is_installed=is_installed)


def require_engines(layout: Layout, *, is_installed: Callable[[str], bool] | None = None) -> None:
    """Name the extra of the engines where they are needed and missing.

    Args:
        layout: what is to be hosted.
        is_installed: whether a package is, as this process can tell by default.

    Raises:
        MissingExtraError: it is not.
    """
    is_installed = is_installed or _is_installed
    shares = [share for share in layout.shares if share.lineages]
    on_gpu = any(share.slot.accelerators for share in shares)
    if shares:
        _require(("vllm",), extra="gpu" if on_gpu else "cpu", is_installed=is_installed)


def _require(packages: Sequence[str], *, extra: str, is_installed: Callable[[str], bool]) -> None:
    missing = next((name for name in packages if not is_installed(name)), None)
    if missing is not None:
        raise MissingExtraError(
            f"{missing!r} is not installed: pip install 'orchestrator[{extra}]'"
        )


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def require_keys(registry: Registry, environment: Mapping[str, str]) -> None:
    """Look for the key of each upstream: a gateway without it would never come up.

    Raises:
        RegistryError: keys are not set; one expert a line.
    """
    faults: list[str] = []
    for expert in registry.experts:
        try:
            api_key(expert, environment)
        except RegistryError as exc:
            faults.append(exc.message)
    if faults:
        raise RegistryError("\n".join(faults))


def _require_routers(registry: Registry) -> None:
    """Load each router once: a gateway that cannot would only be started again and again."""
    # What is wrong with those that take seconds, and torch, the gateways say.
    Routers().load(quick_to_load(registry.routers))


def _require_memory(layout: Layout, settings: Settings) -> None:
    needed_gib = layout.host_memory_gib + _SERVICE_GIB + _GATEWAY_GIB * settings.gateways
    require_memory(needed_gib, free_gib=psutil.virtual_memory().available / _GIB)


def require_memory(needed_gib: float, *, free_gib: float) -> None:
    """Refuse what the host has no room for.

    Raises:
        SetupError: `needed_gib` is more than `free_gib`; says what to change.
    """
    if needed_gib > free_gib:
        raise SetupError(
            f"{needed_gib:.1f} GiB of memory are needed and {free_gib:.1f} GiB are free: lower "
            "the engines' `kv_cache_gib`, host fewer experts, or use fewer `--gateways`"
        )
