"""Hugging Face's own cache on this machine: read, never written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.checkpoints.origin import Remote

_REVISION = re.compile(r"[\w./-]{1,200}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubCache:
    """The folder that Hugging Face's programs keep snapshots in."""

    folder: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> HubCache:
        """Where an environment has it."""
        home = environ.get("HF_HOME") or "~/.cache/huggingface"
        return cls(folder=Path(environ.get("HF_HUB_CACHE") or f"{home}/hub"))

    def snapshot(self, hub_id: str, revision: str | None) -> Path | None:
        """The snapshot of a revision, or the newest where none is asked for."""
        model = self._model(hub_id)
        if model is None:
            return None
        if revision is not None:
            commit = _commit_of(model, revision)
            found = [model / "snapshots" / commit] if commit else []
        else:
            found = list(model.glob("snapshots/*"))
        return max(filter(_is_whole, found), key=lambda one: one.stat().st_mtime, default=None)

    def _model(self, hub_id: str) -> Path | None:
        try:
            model = (self.folder / f"models--{hub_id.replace('/', '--')}").expanduser().resolve()
            return model if model.is_dir() else None
        except (OSError, RuntimeError, ValueError):
            return None  # too long, not permitted, `~nobody`: no cache either way


def files_in(snapshot: Path) -> tuple[Remote, ...]:
    """The files of a snapshot; the cache keeps the hash of a large one in its blob's name."""
    return tuple(
        Remote(
            name=path.relative_to(snapshot).as_posix(),
            num_bytes=path.stat().st_size,
            sha256=_blob_sha256(path),
        )
        for path in sorted(snapshot.rglob("*"))
        if path.is_file()
    )


def _blob_sha256(path: Path) -> str | None:
    name = path.resolve().name
    return name if _SHA256.fullmatch(name) else None


def _commit_of(model: Path, revision: str) -> str | None:
    if not _REVISION.fullmatch(revision) or ".." in revision:
        return None
    if "/" not in revision and (model / "snapshots" / revision).is_dir():
        return revision
    try:
        return (model / "refs" / revision).read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None


def _is_whole(snapshot: Path) -> bool:
    """Whether a program that fetched some files of it fetched what an engine needs too."""
    has_config = any((snapshot / name).is_file() for name in ("config.json", "adapter_config.json"))
    has_weights = next(snapshot.glob("*.safetensors"), None) is not None
    return has_config and has_weights and all(map(Path.is_file, _shards(snapshot)))


def _shards(snapshot: Path) -> Iterator[Path]:
    try:
        index = json.loads((snapshot / "model.safetensors.index.json").read_bytes())
        yield from (snapshot / str(name) for name in set(index["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return  # no index; a broken one is found when the files are verified
