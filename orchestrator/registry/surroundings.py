"""Where a registry stands: how its relative paths, hub ids, URLs and packages are resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.checkpoints.library import Library
from orchestrator.checkpoints.sources import (
    PACKAGE,
    is_hub_id,
    is_remote,
    is_url,
    local_path,
    package_folder,
)
from orchestrator.errors import ModelError
from orchestrator.registry.engine_entry import ReplayEngine, VllmEngine
from orchestrator.registry.models import Expert, Registry

__all__ = ["Surroundings", "has", "is_hub_id", "resolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The registry file's folder and the environment it is read in."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    #: Folders found so far: each expert's is asked for five times in one check.
    _found: dict[str, Path] = field(default_factory=dict, init=False, repr=False, compare=False)
    _library: Library | None = field(default=None, init=False, repr=False, compare=False)

    def folder_at(self, path: str) -> Path | None:
        """The absolute folder that a path of the registry names, `None` when there is none."""
        if path not in self._found and (folder := self._folder_at(path)) is not None:
            self._found[path] = folder
        return self._found.get(path)

    def _folder_at(self, path: str) -> Path | None:
        try:
            folder = (self.folder / Path(path).expanduser()).resolve()
            return folder if folder.is_dir() else None
        except (OSError, RuntimeError, ValueError):
            # Too long, not permitted, a loop of links, `~nobody`, a NUL: no folder either way.
            return None

    def file_at(self, path: str) -> Path:
        """The absolute path that a path of the registry names, whether it exists or not."""
        try:
            return (self.folder / Path(path).expanduser()).resolve()
        except (OSError, RuntimeError, ValueError):
            return self.folder / path

    def local_folder(self, model: str) -> Path | None:
        """The folder of a model that is on this machine without being fetched."""
        if model.startswith(PACKAGE):
            try:
                return package_folder(model)
            except ModelError:
                return None
        path = local_path(model) if is_url(model) else model
        return None if path is None else self.folder_at(path)

    def model_folder(self, model: str, revision: str | None = None) -> Path | None:
        """Where the files of a model are: its folder, or what was fetched of it."""
        folder = self.local_folder(model)
        if folder is None and is_remote(model):
            return self.library.snapshot(model, revision)
        return folder

    @property
    def library(self) -> Library:
        """What was fetched on this machine."""
        if self._library is None:
            object.__setattr__(self, "_library", Library.of(self.environ))
        assert self._library is not None
        return self._library


def has(folder: Path, pattern: str) -> bool:
    """Whether a readable folder holds a file of this name or pattern."""
    return next(folder.glob(pattern), None) is not None


def resolved(registry: Registry, where: Surroundings) -> Registry:
    """The registry with every file and folder absolute, so that any process can open it.

    What is fetched, an id of a hub or a URL, stays as it is. An adapter carries the model and the
    engine of its base, so that whatever asks for a context length, a dtype or a lineage need not
    know of adapters.
    """
    experts = tuple(_resolved_expert(expert, where) for expert in registry.experts)
    by_id = {expert.id: expert for expert in experts}
    routers = {
        name: router.with_folders(lambda folder: _absolute(folder, where))
        for name, router in registry.routers.items()
    }
    compositions = {
        name: composition.with_prompts(lambda file: str(where.file_at(file))).with_folders(
            lambda folder: _absolute(folder, where)
        )
        for name, composition in registry.compositions.items()
    }
    on_bases = tuple(on_base(expert, by_id.get(expert.base or "")) for expert in experts)
    return registry.model_copy(
        update={"experts": on_bases, "routers": routers, "compositions": compositions}
    )


def on_base(expert: Expert, base: Expert | None) -> Expert:
    """An adapter with the model and the engine of its base; others as they are."""
    if expert.adapter is None or base is None:
        return expert
    return expert.model_copy(update={"model": base.model, "engine": base.engine})


def _resolved_expert(expert: Expert, where: Surroundings) -> Expert:
    match expert.engine:
        case VllmEngine():
            return _with_folders(expert, where)
        case ReplayEngine() as engine:
            update = {"answers": str(where.file_at(engine.answers))}
            return expert.model_copy(update={"engine": engine.model_copy(update=update)})
        case _:
            return expert


def _with_folders(expert: Expert, where: Surroundings) -> Expert:
    variants = tuple(
        one.model_copy(update={"model": _absolute(one.model, where)}) if one.model else one
        for one in expert.variants
    )
    named = {"model": expert.model, "adapter": expert.adapter}
    folders = {key: _absolute(path, where) for key, path in named.items() if path is not None}
    return expert.model_copy(update={**folders, "variants": variants})


def _absolute(path: str, where: Surroundings) -> str:
    return str(where.local_folder(path) or path)
