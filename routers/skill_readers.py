"""What turns the words of skills and questions into vectors while a skill router is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from .base import RouterError
from .distil import StaticTable
from .embeddings import Embedder, EmbedderName, MiniLMEmbedding
from .static_files import embedder_to_carry


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Embedders by name, and the files that a folder carries for them."""

    by_name: Mapping[EmbedderName, Embedder]
    table: Mapping[str, bytes]


def readers(names: Sequence[str], *, table: StaticTable | None = None) -> Readers:
    """The embedders of these names.

    Args:
        names: static, minilm.
        table: of the static embedding; distilled where none is given.

    Raises:
        RouterError: there is no embedder of a name, or it is not installed.
    """
    known: tuple[EmbedderName, ...] = get_args(EmbedderName)
    if bad := sorted(set(names) - set(known)):
        raise RouterError(f"embedder {bad[0]!r} is not known; known: {list(known)}")
    by_name: dict[EmbedderName, Embedder] = {}
    blobs: Mapping[str, bytes] = {}
    if "static" in names:
        carried = embedder_to_carry("static", table=table)
        by_name["static"], blobs = carried.embedder, carried.blobs
    if "minilm" in names:
        by_name["minilm"] = MiniLMEmbedding.installed()
    return Readers(by_name=by_name, table=blobs)
