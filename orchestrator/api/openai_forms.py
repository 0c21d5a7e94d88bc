"""OpenAI's answers where its own models do not take what its service sends, for the document."""

from __future__ import annotations

from typing import Literal

from openai.types import Completion, CompletionChoice, CreateEmbeddingResponse, Embedding


class CompletionChunkChoice(CompletionChoice):
    """A piece of a text; it has no reason to end until the last piece."""

    finish_reason: Literal["stop", "length", "content_filter"] | None  # type: ignore[assignment]


class CompletionChunk(Completion):
    """An event of a streamed text; it is a whole completion but for its choices."""

    choices: list[CompletionChunkChoice]  # type: ignore[assignment]


class EmbeddingIn(Embedding):
    """A vector: numbers, or with `encoding_format: base64` their bytes."""

    embedding: list[float] | str  # type: ignore[assignment]


class EmbeddingList(CreateEmbeddingResponse):
    """Vectors of all inputs, in order."""

    data: list[EmbeddingIn]  # type: ignore[assignment]
