"""Where a registry stands: how its relative paths and Hugging Face ids are resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.registry.models import Expert, Registry, ReplayEngine, VllmEngine

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_TRUE = {"1", "on", "yes", "true"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The registry file's folder and the environment it is read in."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def folder_at(self, path: str) -> Path | None:
        """The absolute folder that a path of the registry names, `None` when there is none."""
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

    def model_folder(self, model: str) -> Path | None:
        """Where the files of a model are: its folder, or its snapshot in the hub's cache."""
        return self.folder_at(model) or (self._cached(model) if is_hub_id(model) else None)

    @property
    def is_offline(self) -> bool:
        """Whether Hugging Face's hub must not be asked."""
        return self.environ.get("HF_HUB_OFFLINE", "").lower() in _TRUE

    def _cached(self, hub_id: str) -> Path | None:
        home = Path(self.environ.get("HF_HOME", "~/.cache/huggingface"))
        hub = Path(self.environ.get("HF_HUB_CACHE", str(home / "hub")))
        model = self.folder_at(str(hub / f"models--{hub_id.replace('/', '--')}"))
        found = model.glob("snapshots/*/*.safetensors") if model else ()
        snapshots = {path.parent for path in found if has(path.parent, "config.json")}
        return max(snapshots, key=lambda snapshot: snapshot.stat().st_mtime, default=None)


def is_hub_id(model: str) -> bool:
    """Whether this could be `organisation/name` of Hugging Face's hub."""
    return _HUB_ID.fullmatch(model) is not None


def has(folder: Path, pattern: str) -> bool:
    """Whether a readable folder holds a file of this name or pattern."""
    return next(folder.glob(pattern), None) is not None


def resolved(registry: Registry, where: Surroundings) -> Registry:
    """The registry with every file and folder absolute, so that any process can open it.

    Hugging Face ids stay as they are.
    """
    experts = tuple(_resolved_expert(expert, where) for expert in registry.experts)
    routers = {
        name: router.model_copy(update={"artifact": _absolute(router.artifact, where)})
        for name, router in registry.routers.items()
    }
    return registry.model_copy(update={"experts": experts, "routers": routers})


def _resolved_expert(expert: Expert, where: Surroundings) -> Expert:
    if isinstance(expert.engine, VllmEngine) and expert.model is not None:
        return expert.model_copy(update={"model": _absolute(expert.model, where)})
    if isinstance(expert.engine, ReplayEngine):
        answers = str(where.file_at(expert.engine.answers))
        engine = expert.engine.model_copy(update={"answers": answers})
        return expert.model_copy(update={"engine": engine})
    return expert


def _absolute(path: str, where: Surroundings) -> str:
    return str(where.folder_at(path) or path)
