"""A static embedding inside a fitted router's folder, so that serving it needs no torch."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict

from .base import RouterError
from .distil import StaticTable, distil_static
from .embeddings import Embedder, EmbedderName, MiniLMEmbedding, StaticEmbedding, minilm_folder
from .sealed import MANIFEST, M, Seal, Sealed, read_sealed, tensors_blob

TABLE = "static.safetensors"
TOKENIZER = "tokenizer.json"
#: Dimensions of a table that is distilled for a router.
DIM = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """An embedder and what a fitted folder must hold of it."""

    embedder: Embedder
    #: File name -> content; empty where the embedder is an installed package.
    blobs: Mapping[str, bytes]


def static_blobs(table: StaticTable) -> dict[str, bytes]:
    """The files of a table, by name."""
    return {
        TABLE: tensors_blob({"table": table.table, "scale": table.scale}),
        TOKENIZER: table.tokenizer.encode(),
    }


def read_static(sealed: Sealed[M]) -> StaticEmbedding:
    """The embedder whose table a folder carries.

    Raises:
        RouterError: one of its files is missing, broken or not the one of the manifest.
    """
    return read_table(sealed).embedding()


def read_table(sealed: Sealed[M]) -> StaticTable:
    """The table that a folder carries, for another fit to start from.

    Raises:
        RouterError: one of its files is missing, broken or not the one of the manifest.
    """
    found = sealed.tensors(TABLE, {"table": (None, None), "scale": (None,)})
    tokenizer = sealed.blob(TOKENIZER).decode("utf-8")
    return StaticTable(table=found["table"], scale=found["scale"], tokenizer=tokenizer)


def carried_embedder(sealed: Sealed[M], *, name: EmbedderName, dim: int) -> Embedder:
    """The embedder that a folder was fitted with: the table it carries, or MiniLM.

    Raises:
        RouterError: it cannot be had, or is not as wide as the one that fitted.
    """
    found = read_static(sealed) if name == "static" else MiniLMEmbedding.installed()
    if found.dim != dim:
        raise sealed.refusal(f"was fitted on {dim} dimensions, its embedder has {found.dim}")
    return found


def embedder_to_carry(name: EmbedderName, *, table: StaticTable | None = None) -> Carried:
    """The embedder of a router that is being fitted.

    Args:
        name: static or minilm.
        table: of the static embedding; distilled from MiniLM where none is given, which takes half
            a minute and torch.

    Raises:
        RouterError: its packages are not installed.
    """
    if name == "minilm":
        return Carried(embedder=MiniLMEmbedding.installed(), blobs={})
    table = table or distil_static(minilm_folder(), dim=DIM)
    return Carried(embedder=table.embedding(), blobs=static_blobs(table))


def table_of(folder: Path | None, *, names: Collection[str]) -> StaticTable | None:
    """The static table of a fitted router, for a fit with these embedders to take over.

    Args:
        folder: of any router that carries one; `None` for no table.
        names: of the embedders.

    Raises:
        RouterError: there is no fitted router, it has no table, or nobody would use it.
    """
    if folder is None:
        return None
    if "static" not in names:
        raise RouterError(
            f"a table is for the embedder 'static', not for {sorted(names)}; leave it out"
        )
    sealed: Sealed[_AnySeal] = read_sealed(folder, _AnySeal, kind=_kind(folder))
    if TABLE not in sealed.manifest.files:
        raise RouterError(
            f"the {sealed.manifest.kind} router in {str(folder)!r} has no static table; name one "
            "that was fitted with the embedder 'static'"
        )
    return read_table(sealed)


class _AnySeal(Seal):
    """What the manifest of every fitted router says."""

    model_config = ConfigDict(extra="ignore")


def _kind(folder: Path) -> str:
    try:
        return str(json.loads((folder / MANIFEST).read_bytes())["kind"])
    except (OSError, ValueError, LookupError, TypeError) as exc:
        raise RouterError(
            f"{str(folder)!r} holds no fitted router whose table could be taken: {exc}"
        ) from exc
