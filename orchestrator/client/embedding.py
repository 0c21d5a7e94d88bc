"""Vectors of texts: the request, and the reply as frozen values."""

from __future__ import annotations

import base64
import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator

from orchestrator.client.calls import Outgoing, generation_call
from orchestrator.client.replies import origin_of, read
from orchestrator.client.wire import Origin, Wishes
from orchestrator.client.wire_form import Wire

#: A text, texts, token ids of the expert's vocabulary, or lists of those.
Inputs: TypeAlias = str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]


def _unpacked(value: Any) -> Any:
    """Little-endian float32 in base64 as numbers; whatever else is judged by its type."""
    if not isinstance(value, str):
        return value
    numbers = array("f")
    numbers.frombytes(base64.b64decode(value, validate=True))
    if sys.byteorder == "big":
        numbers.byteswap()
    return tuple(numbers)


class EmbeddingUsage(Wire):
    """Tokens read."""

    prompt_tokens: int
    total_tokens: int


class Embedding(Wire):
    """The vector of one input."""

    index: int
    embedding: Annotated[tuple[float, ...], BeforeValidator(_unpacked)]


class Embeddings(Wire):
    """The vectors of all inputs, and where they come from."""

    model: str
    data: tuple[Embedding, ...]
    usage: EmbeddingUsage
    origin: Origin = Origin()

    @property
    def vectors(self) -> tuple[tuple[float, ...], ...]:
        """One vector an input, in the order asked."""
        return tuple(one.embedding for one in sorted(self.data, key=lambda one: one.index))


def embed_call(inputs: Inputs, *, model: str, dimensions: int | None, wishes: Wishes) -> Outgoing:
    """Ask for vectors, in the form that is half as long."""
    body: dict[str, Any] = {"model": model, "input": inputs, "encoding_format": "base64"}
    if dimensions is not None:
        body["dimensions"] = dimensions
    return generation_call("/v1/embeddings", body, wishes=wishes)


def read_embeddings(body: bytes, headers: Mapping[str, str]) -> Embeddings:
    """A reply with vectors.

    Raises:
        UnexpectedReplyError: it is something else.
    """
    return read(Embeddings, body).model_copy(update={"origin": origin_of(headers)})
