"""Generations: every version of the registry that was served, kept in the store.

One value, the ledger, says which is live and which are kept. A flip is one compare-and-set of it,
so that all replicas see the same order of generations, and it is announced on a channel.
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
    #: Of the registry file's content when this was decided: a file that still says the same was
    #: dealt with, whatever is live. `None` where no file was read.
    file_sha256: str | None = None


class GenerationSummary(BaseModel):
    """One generation without its registry and text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    sha256: str
    source: Source
    #: Unix time, seconds.
    created_s: float
    num_experts: int
    restores: int | None = None
    is_live: bool


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
        self,
        registry: Registry,
        *,
        text: str,
        folder: str,
        source: Source,
        restores: int | None = None,
        file_sha256: str | None = None,
    ) -> GenerationRecord:
        """Store a new generation under the next number and announce it; it is not live yet."""
        ...

    async def flip(self, number: int, *, expected: int | None) -> None:
        """Make `number` live if `expected` still is, and announce it; the oldest are forgotten.

        Where it is live already, it stays so: after a `StoreError` the call can be repeated.

        Raises:
            ConflictError: another generation became live meanwhile.
            NotFoundError: `number` is not kept.
        """
        ...

    async def history(self) -> list[GenerationSummary]:
        """Those that are or were live and are kept, newest first; the first is live."""
        ...

    def changes(self) -> AsyncIterator[int]:
        """Numbers of the generations that are proposed or become live, as it happens.

        A hint to look, not the truth: after a lost connection ask `live_number`. Ends with
        `StoreError`.
        """
        ...
