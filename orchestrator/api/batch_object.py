"""Batches in OpenAI's form."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.batch.batch import Batch, BatchFault, RequestCounts, Status


class Shape(BaseModel):
    """A part of the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BatchErrors(Shape):
    """Why a batch failed."""

    object: Literal["list"] = "list"
    data: list[BatchFault]


class BatchObject(Shape):
    """One batch; times are Unix times, seconds."""

    id: str
    object: Literal["batch"] = "batch"
    endpoint: str
    errors: BatchErrors | None
    input_file_id: str
    completion_window: str
    status: Status
    output_file_id: str | None
    error_file_id: str | None
    created_at: int
    in_progress_at: int | None
    expires_at: int
    finalizing_at: int | None
    completed_at: int | None
    failed_at: int | None
    expired_at: int | None
    cancelling_at: int | None
    cancelled_at: int | None
    request_counts: RequestCounts = Field(description="Lines whose result is stored.")
    metadata: dict[str, str] | None


class BatchList(Shape):
    """A page of batches, newest first."""

    object: Literal["list"] = "list"
    data: list[BatchObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


#: What both forms call alike.
_ALIKE = tuple(BatchObject.model_fields.keys() & Batch.model_fields.keys() - {"errors", "metadata"})


def batch_object(batch: Batch) -> BatchObject:
    """A batch as callers are told of it."""
    return BatchObject(
        **{name: getattr(batch, name) for name in _ALIKE},
        errors=BatchErrors(data=list(batch.errors)) if batch.errors else None,
        metadata=dict(batch.metadata) or None,
    )


def batch_list(batches: list[Batch], *, has_more: bool) -> BatchList:
    """A page as callers are told of it."""
    return BatchList(
        data=[batch_object(batch) for batch in batches],
        first_id=batches[0].id if batches else None,
        last_id=batches[-1].id if batches else None,
        has_more=has_more,
    )
