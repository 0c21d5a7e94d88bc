"""A batch: its input, where it stands, and what it counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal[
    "validating",
    "failed",
    "in_progress",
    "finalizing",
    "completed",
    "expired",
    "cancelling",
    "cancelled",
]
#: Nothing changes any more.
ENDED: frozenset[Status] = frozenset({"failed", "completed", "expired", "cancelled"})


class Part(BaseModel):
    """A part of a stored batch."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class BatchFault(Part):
    """Why a batch failed: a fault of a line, or of the file."""

    code: str
    message: str
    #: From 1; `None` of the file as a whole.
    line: int | None = None
    param: str | None = None


class RequestCounts(Part):
    """Lines."""

    total: int = 0
    completed: int = 0
    failed: int = 0


class Batch(Part):
    """One batch, as it is stored; times are Unix times, seconds."""

    #: Of this form; a later one reads all that came before.
    version: int = 1
    #: See `batch.ids`.
    id: str
    status: Status = "validating"
    endpoint: str
    input_file_id: str
    #: What was asked for, `24h`, and in seconds.
    completion_window: str
    window_s: float
    created_at: int
    in_progress_at: int | None = None
    finalizing_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    expired_at: int | None = None
    cancelling_at: int | None = None
    cancelled_at: int | None = None
    expires_at: int
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: tuple[BatchFault, ...] = ()
    request_counts: RequestCounts = RequestCounts()
    metadata: Mapping[str, str] = Field(default_factory=dict)
    #: Seconds that output and error file are kept after its end; `None` keeps them.
    output_expires_after_s: int | None = None
    owner: str = ""
    #: See `NewBatch.once`.
    once: str = ""

    @property
    def is_plan(self) -> bool:
        """Whether it is planned alone: its output file is the plan."""
        return self.metadata.get("plan", "").lower() == "true"

    @property
    def has_ended(self) -> bool:
        """Whether nothing changes any more."""
        return self.status in ENDED
