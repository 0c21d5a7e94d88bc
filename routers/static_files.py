"""A static embedding inside a fitted router's folder, so that serving it needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .distil import StaticTable, distil_static
from .embeddings import Embedder, EmbedderName, MiniLMEmbedding, StaticEmbedding, minilm_folder
from .sealed import M, Sealed, tensors_blob

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


def embedder_to_carry(name: EmbedderName) -> Carried:
    """The embedder of a router that is being fitted; the table is distilled from MiniLM.

    Raises:
        RouterError: its packages are not installed.
    """
    if name == "minilm":
        return Carried(embedder=MiniLMEmbedding.installed(), blobs={})
    table = distil_static(minilm_folder(), dim=DIM)
    return Carried(embedder=table.embedding(), blobs=static_blobs(table))
