"""What an event of a streamed text completion is, for the document."""

from __future__ import annotations

from typing import Literal

from openai.types import Completion, CompletionChoice


class CompletionChunkChoice(CompletionChoice):
    """A piece of a text; OpenAI's model has no null, its service sends it until the last piece."""

    finish_reason: Literal["stop", "length", "content_filter"] | None  # type: ignore[assignment]


class CompletionChunk(Completion):
    """An event; it is a whole completion but for its choices."""

    choices: list[CompletionChunkChoice]  # type: ignore[assignment]
