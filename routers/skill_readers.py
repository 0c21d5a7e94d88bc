"""What turns the words of skills and questions into vectors while a skill router is fitted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pydantic import ConfigDict

from .base import RouterError
from .embeddings import Embedder, EmbedderName, MiniLMEmbedding
from .sealed import MANIFEST, Seal, Sealed, read_sealed
from .static_files import TABLE, TOKENIZER, Carried, embedder_to_carry, read_static


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Embedders by name, and the files that a folder carries for them."""

    by_name: Mapping[EmbedderName, Embedder]
    table: Mapping[str, bytes]


class _AnySeal(Seal):
    """What the manifest of every fitted router says."""

    model_config = ConfigDict(extra="ignore")


def readers(names: Sequence[str], *, table: Path | None = None) -> Readers:
    """The embedders of these names.

    Args:
        names: static, minilm.
        table: folder of a fitted router whose static table is taken over; distilled anew from
            MiniLM where it is left out, which takes half a minute and torch.

    Raises:
        RouterError: there is no embedder of a name, it is not installed, or `table` has no table.
    """
    known: tuple[EmbedderName, ...] = get_args(EmbedderName)
    if bad := sorted(set(names) - set(known)):
        raise RouterError(f"embedder {bad[0]!r} is not known; known: {list(known)}")
    by_name: dict[EmbedderName, Embedder] = {}
    blobs: Mapping[str, bytes] = {}
    if "static" in names:
        carried = _taken_over(table) if table else embedder_to_carry("static")
        by_name["static"], blobs = carried.embedder, carried.blobs
    if "minilm" in names:
        by_name["minilm"] = MiniLMEmbedding.installed()
    return Readers(by_name=by_name, table=blobs)


def _taken_over(folder: Path) -> Carried:
    sealed: Sealed[_AnySeal] = read_sealed(folder, _AnySeal, kind=_kind(folder))
    blobs = {name: sealed.blob(name) for name in (TABLE, TOKENIZER)}
    return Carried(embedder=read_static(sealed), blobs=blobs)


def _kind(folder: Path) -> str:
    try:
        return str(json.loads((folder / MANIFEST).read_bytes())["kind"])
    except (OSError, ValueError, LookupError, TypeError) as exc:
        raise RouterError(
            f"{str(folder)!r} holds no fitted router whose table could be taken: {exc}"
        ) from exc
