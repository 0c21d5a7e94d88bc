"""The decision record: what was decided for a request and how it ended, without its words.

Traces, profiles and feedback read these later, so the form is versioned: a reader meets records
of older versions.
"""

from __future__ import annotations

import json
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError


class CallRecord(BaseModel):
    """One call of a stage."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    #: Whom it asked: an expert, or a composition.
    expert: str
    #: Of a composition: the expert whose answer it told, or was to tell.
    answered_by: str | None = None
    #: `done`, the code of its error, or `cancelled`, where nobody waited for it any longer; what
    #: such a call used is not known.
    ending: str
    num_answers: int = 0
    #: Candidates that it was not told for want of room.
    num_dropped: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    #: USD; `None` where nobody knows.
    cost_usd: float | None = None
    took_ms: float
    #: Of a composition that works in stages.
    stages: list[StageRecord] = []


class StageRecord(BaseModel):
    """Calls of one request that went out together."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    took_ms: float
    calls: list[CallRecord]


class DecisionRecord(BaseModel):
    """One request, prompt-free.

    A field that is added keeps the version: replicas that do not know it yet read the rest.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    request_id: str
    #: Of the trace that it is a part of, 32 hex digits; `None` where there is none.
    trace_id: str | None = None
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
    #: Of a router of routers: the way to the one that chose, ids joined by `/`.
    chosen_by: str | None = None
    category: str | None = None
    #: What the router went by, as profiles name it.
    skills: list[str] = []
    #: Normalised entropy of the category's probabilities, in [0, 1].
    entropy: float | None = None
    scores: dict[str, float] = {}
    is_fallback: bool = False
    #: True when the answer was known and no expert was asked.
    is_recalled: bool = False
    #: How an answer that was told again was found, `exact` or `semantic`; `None` of a new one.
    cached: str | None = None
    #: Whether the choice would be another one if a model had named the skills first.
    needs_generation: bool = False
    #: Experts that were to answer before this one and could not -> code of their error.
    failed: dict[str, str] = {}
    #: How often another call went on with the answer when it broke off.
    num_continued: int = 0
    #: Shadow router -> the expert it chose; `None` where it failed, was dropped, or came too late.
    compared: dict[str, str | None] = {}
    is_streamed: bool
    #: HTTP status, and the error's code where there was one.
    status: int
    error_code: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    #: What the answer cost, USD; `None` where nobody knows.
    cost_usd: float | None = None
    #: Of a composition of several calls: its stages, in order. Tokens and cost are those of all.
    stages: list[StageRecord] = []
    #: Caps for which something was left out: the answer is the best within them.
    reached: list[str] = []
    #: Arrival to last byte, arrival to first token, and our own part of it, milliseconds.
    duration_ms: float
    first_token_ms: float | None = None
    #: Wait for its turn in a slot, part of both, milliseconds.
    waited_ms: float = 0.0
    overhead_ms: float
    #: Id of the key that asked, and whose files and batches are the caller's; empty where nothing
    #: was presented.
    key_id: str = ""
    owner: str = ""
    user: str | None = None
    metadata: dict[str, str] = {}


class UnreadableRecord(BaseModel):
    """A stored record that this version of the service does not understand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request_id: str | None
    #: The version it claims, if it claims one.
    version: int | None
    reason: str


StoredRecord = DecisionRecord | UnreadableRecord


def parse_record(raw: bytes) -> StoredRecord:
    """What is stored as a value: a newer or damaged record is told apart, not raised."""
    try:
        fields = json.loads(raw)
    except ValueError as error:
        return UnreadableRecord(request_id=None, version=None, reason=f"not JSON: {error}")
    if not isinstance(fields, dict):
        reason = f"a JSON {type(fields).__name__}, not an object"
        return UnreadableRecord(request_id=None, version=None, reason=reason)
    try:
        return DecisionRecord.model_validate(fields)
    except ValidationError as error:
        return _unreadable(fields, error)


def _unreadable(fields: dict[str, object], error: ValidationError) -> UnreadableRecord:
    version, request_id = fields.get("version"), fields.get("request_id")
    fault = error.errors()[0]
    reason = f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    if version != 1:
        reason = f"it has version {version!r}, this service reads version 1"
    return UnreadableRecord(
        request_id=request_id if isinstance(request_id, str) else None,
        version=version if isinstance(version, int) else None,
        reason=reason,
    )


class Records(Protocol):
    """Where decision records go: bounded, and never in the way of a request."""

    def put(self, record: DecisionRecord) -> None:
        """Hand over a record without waiting; one that cannot be kept is counted as dropped."""
        ...

    async def recent(self, *, limit: int) -> list[StoredRecord]:
        """The newest records, newest first.

        Raises:
            StoreError: the store does not answer.
        """
        ...

    async def find(self, request_id: str) -> StoredRecord | None:
        """The record of one request, while it is retained.

        Raises:
            StoreError: the store does not answer.
        """
        ...

    async def drained(self) -> None:
        """Wait until what was handed over is stored or dropped."""
        ...

    async def close(self) -> None:
        """Store what was handed over if that is possible now, and free everything."""
        ...
