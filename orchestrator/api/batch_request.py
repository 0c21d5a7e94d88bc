"""What callers send to have a file of requests answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from orchestrator.batch.asked import NewBatch

_Key = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_Value = Annotated[str, StringConstraints(max_length=512)]


class OutputExpiry(BaseModel):
    """How long output and error file are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    anchor: Literal["created_at"] = Field(description="When the file was made.")
    seconds: Annotated[int, Field(strict=True, ge=3_600, le=2_592_000)]


class BatchRequest(BaseModel):
    """A new batch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_file_id: Annotated[str, StringConstraints(min_length=1, max_length=128)] = Field(
        description="Of a file that was uploaded with purpose `batch`."
    )
    endpoint: Literal["/v1/chat/completions", "/v1/completions", "/v1/embeddings"] = Field(
        description="What every line asks for."
    )
    completion_window: Annotated[str, StringConstraints(max_length=64)] = Field(
        description="`24h`, or any number of minutes, hours or days from `1m` to `30d`."
    )
    metadata: Annotated[dict[_Key, _Value], Field(max_length=16)] | None = Field(
        None, description='Up to 16 pairs; `{"plan": "true"}` has the batch planned alone.'
    )
    output_expires_after: OutputExpiry | None = None

    @property
    def asked(self) -> NewBatch:
        """For who keeps batches."""
        expiry = self.output_expires_after
        return NewBatch(
            input_file_id=self.input_file_id,
            endpoint=self.endpoint,
            completion_window=self.completion_window,
            metadata=self.metadata or {},
            output_expires_after_s=expiry.seconds if expiry else None,
        )
