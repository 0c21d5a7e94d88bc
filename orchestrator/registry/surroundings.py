"""Where a registry stands: how its relative paths and Hugging Face ids are resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.registry.models import Expert, Registry, VllmEngine

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
    """The registry with every folder absolute, so that any process can open it.

    Hugging Face ids stay as they are. An adapter carries the model and the engine of its base, so
    that whatever asks for a context length, a dtype or a lineage need not know of adapters.
    """
    experts = tuple(_absolute_expert(expert, where) for expert in registry.experts)
    by_id = {expert.id: expert for expert in experts}
    routers = {
        name: router.model_copy(update={"artifact": _absolute(router.artifact, where)})
        for name, router in registry.routers.items()
    }
    on_bases = tuple(on_base(expert, by_id.get(expert.base or "")) for expert in experts)
    return registry.model_copy(update={"experts": on_bases, "routers": routers})


def on_base(expert: Expert, base: Expert | None) -> Expert:
    """An adapter with the model and the engine of its base; others as they are."""
    if expert.adapter is None or base is None:
        return expert
    return expert.model_copy(update={"model": base.model, "engine": base.engine})


def _absolute_expert(expert: Expert, where: Surroundings) -> Expert:
    if not isinstance(expert.engine, VllmEngine):
        return expert
    places = {"model": expert.model, "adapter": expert.adapter}
    return expert.model_copy(
        update={key: _absolute(path, where) for key, path in places.items() if path is not None}
    )


def _absolute(path: str, where: Surroundings) -> str:
    return str(where.folder_at(path) or path)
