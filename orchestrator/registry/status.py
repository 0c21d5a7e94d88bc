"""What a rollout tells about itself: for operators, as the API sends it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.errors import OrchestratorError, PlacedFault, RegistryError
from orchestrator.registry.generations import GenerationRecord, GenerationSummary, Source

#: How an edit ended; also the label of the metric.
Ending = Literal[
    "live", "unchanged", "invalid", "failed", "replaced", "conflict", "store_unavailable"
]


class Told(BaseModel):
    """A part of the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FaultReport(Told):
    """One fault of a text; lines and columns count from 1."""

    line: int
    column: int
    key: str
    text: str


class Failure(Told):
    """The last edit, which changed nothing."""

    source: Source
    code: str = Field(description="As the error envelope has it.")
    message: str
    faults: tuple[FaultReport, ...] = Field((), description="Where the text is at fault.")
    number: int | None = Field(None, description="Its generation, where it got as far as one.")
    at_s: float = Field(description="Unix time, seconds.")


class Preparing(Told):
    """A generation on its way."""

    number: int
    sha256: str
    source: Source
    since_s: float = Field(description="Unix time, seconds.")
    waiting_for: dict[str, str] = Field(description="Replica -> why it is not ready for it yet.")


class FileState(Told):
    """The registry file, as it was last read."""

    path: str
    sha256: str | None = Field(None, description="Of its content; none where it cannot be read.")
    read_s: float | None = Field(None, description="Unix time of that, seconds.")
    differs: bool = Field(False, description="It says something else than what is live.")
    trouble: str | None = Field(None, description="Why it cannot be read or taken.")


class RolloutStatus(Told):
    """What is live, what is on its way and what went wrong last."""

    live: GenerationSummary | None
    is_valid: bool = Field(description="The last edit became live; otherwise see `last_error`.")
    last_error: Failure | None = None
    preparing: Preparing | None = None
    gateways: dict[str, int] = Field(
        {}, description="Gateway that was heard lately -> generation that new requests there get."
    )
    file: FileState | None = None


def failure_of(
    error: OrchestratorError, *, source: Source, number: int | None, at_s: float
) -> Failure:
    """An error as it is told."""
    faults = error.faults if isinstance(error, RegistryError) else ()
    return Failure(
        source=source,
        code=error.code,
        message=error.message,
        faults=reports_of(faults),
        number=number,
        at_s=at_s,
    )


def reports_of(faults: Iterable[PlacedFault]) -> tuple[FaultReport, ...]:
    """Faults as they are told."""
    return tuple(
        FaultReport(line=one.line, column=one.column, key=one.key, text=one.text) for one in faults
    )


def summary_of(record: GenerationRecord, *, is_live: bool) -> GenerationSummary:
    """A record without its registry and text."""
    return GenerationSummary(
        number=record.number,
        sha256=record.sha256,
        source=record.source,
        created_s=record.created_s,
        num_experts=len(record.registry.experts),
        restores=record.restores,
        is_live=is_live,
    )
