"""The decision record: what was decided for a request and how it ended, without its words.

Traces, profiles and feedback read these later, so the form is versioned: a reader meets records
of older versions.
"""

from __future__ import annotations

from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict


class DecisionRecord(BaseModel):
    """One request, prompt-free."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    request_id: str
    #: Unix time of arrival, seconds.
    created_s: float
    endpoint: str
    #: What the caller named, and the expert that answered (`None` when none did).
    model: str
    expert: str | None
    composition: str | None = None
    router: str | None = None
    router_version: str | None = None
    generation: int
    category: str | None = None
    #: Normalised entropy of the category's probabilities, in [0, 1].
    entropy: float | None = None
    scores: dict[str, float] = {}
    is_fallback: bool = False
    is_streamed: bool
    #: HTTP status, and the error's code where there was one.
    status: int
    error_code: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    #: Arrival to last byte, arrival to first token, and our own part of it, milliseconds.
    duration_ms: float
    first_token_ms: float | None = None
    overhead_ms: float
    user: str | None = None
    metadata: dict[str, str] = {}


class Records(Protocol):
    """Where decision records go: bounded, and never in the way of a request."""

    def put(self, record: DecisionRecord) -> None:
        """Hand over a record without waiting; one that cannot be kept is counted as dropped."""
        ...

    async def recent(self, *, limit: int) -> list[DecisionRecord]:
        """The newest records, newest first.

        Raises:
            StoreError: the store does not answer.
        """
        ...

    async def find(self, request_id: str) -> DecisionRecord | None:
        """The record of one request, while it is retained.

        Raises:
            StoreError: the store does not answer.
        """
        ...
