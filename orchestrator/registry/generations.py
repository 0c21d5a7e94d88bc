"""Generations: every version of the registry that was served, kept in the store.

One pointer says which is live. A flip is one compare-and-set of it, so that all replicas see the
same order of generations, and a change of the pointer is announced on a channel.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from orchestrator.registry.models import Registry

#: How many are kept, the live one among them.
KEPT = 20

Source = Literal["start", "file", "request", "rollback"]


class GenerationRecord(BaseModel):
    """One generation, as the store keeps it: a reader of another version refuses it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    #: Unique and ascending; a number that was proposed and given up is not used again.
    number: int
    #: Its folders are absolute.
    registry: Registry
    #: The file as it was.
    text: str
    #: Of `text`.
    sha256: str
    #: Folder that relative paths of `text` start at.
    folder: str
    source: Source
    #: Unix time, seconds.
    created_s: float
    #: Which generation a rollback went back to.
    restores: int | None = None


class Generations(Protocol):
    """The generations that the store keeps; every method raises `StoreError` when it is away."""

    async def live(self) -> GenerationRecord | None:
        """The generation that is served, `None` before the first."""
        ...

    async def live_number(self) -> int | None:
        """Its number alone: what replicas ask for often."""
        ...

    async def read(self, number: int) -> GenerationRecord:
        """One generation that is kept or proposed.

        Raises:
            NotFoundError: it is neither; the message names those that are kept.
        """
        ...

    async def propose(
        self, registry: Registry, *, text: str, folder: str, source: Source, restores: int | None
    ) -> GenerationRecord:
        """Store a new generation under the next number; it is not live yet."""
        ...

    async def flip(self, number: int, *, expected: int | None) -> None:
        """Make `number` live if `expected` still is, and announce it; the oldest are forgotten.

        Raises:
            RegistryError: another generation became live meanwhile.
        """
        ...

    async def history(self) -> list[GenerationRecord]:
        """Those kept, newest first; the first is live."""
        ...

    def changes(self) -> AsyncIterator[int]:
        """Numbers of the generations that are proposed or become live, as it happens.

        A hint to look, not the truth: after a lost connection ask `live_number`. Ends with
        `StoreError`.
        """
        ...
