"""What entries of compositions have that count answers which mean the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from orchestrator.registry.composition_entry import AnswerKind, CompositionEntry
from orchestrator.registry.fields import Id
from orchestrator.registry.router_entry import At

#: As a kind of answer, or as free text by what it means (`routers/meanings.py`).
ReadAs = Literal[AnswerKind, "meaning"]


class AnswersEntry(CompositionEntry):
    """Has a router, and reads what those it chooses answered."""

    router: Id = Field(description="Router that chooses the expert, or recruits several.")
    answers: ReadAs = Field("text", description="What answers are compared as.")
    embedder: Id | None = Field(
        None,
        description="By meaning: router whose embedding reads answers; its own `router` if none.",
    )

    def named_routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names a router, and its id."""
        yield from super().named_routers()
        if self.embedder is not None:
            yield ("embedder",), self.embedder

    @model_validator(mode="after")
    def _embeds_what_is_compared_by_meaning(self) -> AnswersEntry:
        if self.embedder is not None and self.answers != "meaning":
            raise ValueError(
                f"`embedder` reads answers by meaning, and `answers` is {self.answers!r}: "
                "take it out, or compare by meaning"
            )
        return self
