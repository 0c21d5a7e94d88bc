"""Files and batches as the service tells of them, as frozen values."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from orchestrator.client.wire_form import Wire

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
_ENDED = ("failed", "completed", "expired", "cancelled")


class StoredFile(Wire):
    """A file that the service keeps."""

    id: str
    filename: str
    purpose: str
    num_bytes: int = Field(validation_alias="bytes")
    #: Unix times, seconds.
    created_at: int
    expires_at: int | None = None


class FileList(Wire):
    """A page of files, newest first."""

    data: tuple[StoredFile, ...]
    has_more: bool = False


class DeletedFile(Wire):
    """A file that is no more."""

    id: str
    deleted: bool = True


class BatchFault(Wire):
    """Why a batch failed: a fault of a line, or of the file."""

    code: str | None = None
    message: str
    #: From 1; `None` of the file as a whole.
    line: int | None = None
    param: str | None = None

    @property
    def text(self) -> str:
        """One line for people."""
        where = "" if self.line is None else f"line {self.line}: "
        return f"{where}{self.message}"


class BatchFaults(Wire):
    """Those that are told."""

    data: tuple[BatchFault, ...] = ()


class RequestCounts(Wire):
    """Lines."""

    total: int = 0
    completed: int = 0
    failed: int = 0


class Batch(Wire):
    """One batch; times are Unix times, seconds."""

    id: str
    status: Status
    endpoint: str
    input_file_id: str
    completion_window: str
    created_at: int
    in_progress_at: int | None = None
    finalizing_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    expired_at: int | None = None
    cancelling_at: int | None = None
    cancelled_at: int | None = None
    expires_at: int | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: BatchFaults | None = None
    request_counts: RequestCounts | None = None
    metadata: dict[str, str] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing changes any more."""
        return self.status in _ENDED

    @property
    def faults(self) -> tuple[BatchFault, ...]:
        """Why it failed."""
        return () if self.errors is None else self.errors.data


class BatchList(Wire):
    """A page of batches, newest first."""

    data: tuple[Batch, ...]
    has_more: bool = False


class CurrentRun(Wire):
    """A run under way."""

    slot: str
    expert: str
    num_calls: int
    num_done: int
    #: Since the execution began, seconds.
    begins_s: float = 0.0
    #: Whether it began with a swap.
    is_swapped: bool = False


class RunState(Wire):
    """What the execution of a batch counts; after a restart of the service anew."""

    num_lines: int
    num_done: int
    num_tokens: int
    #: Read and written, lately.
    tokens_per_s: float
    swaps_so_far: int
    swaps_expected: int
    #: `None` where nobody can tell.
    left_s: float | None = None
    num_runs_ended: int = 0
    current: tuple[CurrentRun, ...] = ()


class BatchProgress(Wire):
    """How far a batch is."""

    id: str
    status: Status
    #: Over all restarts of the service.
    request_counts: RequestCounts
    expires_at: int | None = None
    #: `None` while no line of it is being answered.
    run: RunState | None = None
    #: Why it does not move.
    obstacle: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing changes any more."""
        return self.status in _ENDED


class Bar(Wire):
    """One run of a timeline; seconds since the execution began."""

    slot: str
    expert: str
    stage: int
    num_calls: int
    #: Its step begins, if it has one.
    begins_s: float
    step: str | None = None
    step_s: float = 0.0
    ends_s: float


class Timeline(Wire):
    """What was predicted, and what happened so far."""

    id: str
    predicted: tuple[Bar, ...] = ()
    happened: tuple[Bar, ...] = ()
    #: No plan could have ended before.
    lower_bound_s: float | None = None


class LineResponse(Wire):
    """What the endpoint answered to a line."""

    status_code: int
    request_id: str | None = None
    #: USD; `None` where nobody knows.
    cost_usd: float | None = None
    body: dict[str, Any] = Field(default_factory=dict)


class LineError(Wire):
    """Why a line has no answer."""

    code: str | None = None
    message: str


class BatchResult(Wire):
    """What came of one line of a batch."""

    id: str
    custom_id: str
    response: LineResponse | None = None
    #: `None` of an answer.
    error: LineError | None = None

    @property
    def is_ok(self) -> bool:
        """Whether it has an answer."""
        return self.error is None and self.response is not None and self.response.status_code < 300

    @property
    def cost_usd(self) -> float | None:
        """What it cost, USD; `None` where the service does not know."""
        return None if self.response is None else self.response.cost_usd

    @property
    def text(self) -> str:
        """The text of the first answer to a chat or a completion; empty where there is none."""
        choices = self.response.body.get("choices") if self.is_ok and self.response else None
        first = choices[0] if choices else {}
        return first.get("text") or (first.get("message") or {}).get("content") or ""
