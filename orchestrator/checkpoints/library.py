"""The folder that keeps fetched models, and what it is allowed to do."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.checkpoints.hub_cache import HubCache
from orchestrator.checkpoints.manifest import FILE, Manifest, read_manifest
from orchestrator.checkpoints.sources import is_hub_id, safe
from orchestrator.errors import ModelError, SetupError

#: Folder of a model's configuration and headers.
OUTLINE = "outline"
MODELS_DIR = "ORCHESTRATOR_MODELS_DIR"
BUDGET_GIB = "ORCHESTRATOR_MODELS_BUDGET_GIB"
OFFLINE = "ORCHESTRATOR_OFFLINE"
ROOTS = "ORCHESTRATOR_MODEL_ROOTS"
_TRUE = {"1", "on", "yes", "true"}
_GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Fetched models, one folder each; a value, so that it travels between processes."""

    folder: Path
    hub_cache: HubCache
    #: Most that fetched models may take, bytes; `None` for as much as the disk has.
    budget_bytes: int | None = None
    #: Folders that models of the registry must lie in; none for anywhere.
    roots: tuple[Path, ...] = ()
    is_offline: bool = False
    #: Root of another hub than Hugging Face's.
    hub_url: str | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Library:
        """The library that an environment describes.

        Raises:
            SetupError: a setting has no sense.
        """
        cache = Path(environ.get("XDG_CACHE_HOME") or "~/.cache")
        roots = environ.get(ROOTS, "").split(os.pathsep)
        return cls(
            folder=_absolute(environ.get(MODELS_DIR) or cache / "orchestrator/models"),
            hub_cache=HubCache.of(environ),
            budget_bytes=_budget_bytes(environ.get(BUDGET_GIB)),
            roots=tuple(_absolute(root) for root in roots if root),
            is_offline=any(is_true(environ, name) for name in (OFFLINE, "HF_HUB_OFFLINE")),
            hub_url=environ.get("HF_ENDPOINT") or None,
        )

    def entry(self, source: str, revision: str | None) -> Path:
        """The folder of one model: its manifest, its files, its lock."""
        digest = hashlib.sha256(f"{source}\n{revision or ''}".encode()).hexdigest()[:10]
        name = re.sub(r"[^\w.-]+", "--", safe(source)).strip("-.")[-80:]
        return self.folder / f"{name}-{digest}"

    def manifest(self, source: str, revision: str | None) -> Manifest | None:
        """What is known of a model, `None` where nothing is."""
        return read_manifest(self.entry(source, revision))

    def known(self, source: str, revision: str | None) -> Manifest | None:
        """What is known of a model; nothing, where its manifest cannot be read."""
        return self.at(self.entry(source, revision))

    def at(self, entry: Path) -> Manifest | None:
        """What is known of the model in a folder of `entries`."""
        try:
            return read_manifest(entry)
        except ModelError:
            return None  # whoever fetches it is told

    def snapshot(self, source: str, revision: str | None) -> Path | None:
        """Where the files of a model are whole: here, or in the hub's own cache."""
        known = self.known(source, revision)
        if known is not None and known.state == "verified" and known.is_intact:
            return Path(known.folder)
        return self.hub_cache.snapshot(source, revision) if is_hub_id(source) else None

    def any_snapshot(self, source: str) -> Path | None:
        """The newest of a model's revisions that is whole."""
        known = filter(None, map(self.at, self.entries()))
        found = [one for one in known if one.source == safe(source) and one.state == "verified"]
        whole = [one for one in found if one.is_intact]
        if whole:
            return Path(max(whole, key=lambda one: one.at).folder)
        return self.snapshot(source, None)

    def outline(self, source: str, revision: str | None) -> Path | None:
        """Configuration and headers of a model whose weights are still to be fetched."""
        folder = self.entry(source, revision) / OUTLINE
        return folder if folder.is_dir() else None

    def entries(self) -> Iterator[Path]:
        """The folder of every model that something is known of, by name."""
        if self.folder.is_dir():
            found = [*self.folder.glob(f"*/{FILE}"), *self.folder.glob(f"*/{OUTLINE}")]
            yield from sorted({path.parent for path in found})


def is_true(environ: Mapping[str, str], name: str) -> bool:
    """Whether a variable is set to yes."""
    return environ.get(name, "").lower() in _TRUE


def _absolute(path: str | Path) -> Path:
    try:
        return Path(path).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as exc:
        raise SetupError(f"{str(path)!r} is no folder models can be kept in: {exc}") from exc


def _budget_bytes(text: str | None) -> int | None:
    if not text:
        return None
    try:
        gib = float(text)
    except ValueError:
        gib = -1.0
    if not 0 < gib < float("inf"):
        raise SetupError(f"{BUDGET_GIB} is {text!r}: GiB that fetched models may take, over 0")
    return round(gib * _GIB)
