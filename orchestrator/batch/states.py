"""Where a batch can go from where it stands; OpenAI's state machine, pure.

validating  -> failed | in_progress | cancelling
in_progress -> finalizing | expired | cancelling
finalizing  -> completed
cancelling  -> cancelled
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from orchestrator.batch.batch import Batch, BatchFault, RequestCounts, Status
from orchestrator.errors import ConflictError

#: Of each status, those that may follow.
FOLLOWING: dict[Status, frozenset[Status]] = {
    "validating": frozenset({"failed", "in_progress", "cancelling"}),
    "in_progress": frozenset({"finalizing", "expired", "cancelling"}),
    "finalizing": frozenset({"completed"}),
    "cancelling": frozenset({"cancelled"}),
    "failed": frozenset(),
    "completed": frozenset(),
    "expired": frozenset(),
    "cancelled": frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is left of a batch whose lines have ended."""

    #: `None` where nothing would be in it.
    output_file_id: str | None = None
    error_file_id: str | None = None
    counts: RequestCounts = field(default_factory=RequestCounts)


def moved(batch: Batch, status: Status, *, now_s: float, **fields: Any) -> Batch:
    """The batch in its next status, with the time it got there.

    Args:
        batch: as it stands.
        status: the next.
        now_s: Unix time; where clocks went back, the time of before counts.
        fields: what else changes with it.

    Raises:
        ConflictError: this status does not follow on the present one.
    """
    if status not in FOLLOWING[batch.status]:
        allowed = ", ".join(sorted(FOLLOWING[batch.status])) or "nothing, it has ended"
        raise ConflictError(
            f"batch {batch.id!r} is {batch.status!r} and cannot become {status!r}; next can be: "
            f"{allowed}"
        )
    at = max(int(now_s), *(time for time in _times(batch) if time is not None))
    return batch.model_copy(update={"status": status, f"{status}_at": at, **fields})


def failed(batch: Batch, faults: tuple[BatchFault, ...], *, now_s: float) -> Batch:
    """Its file is at fault; no line of it is answered."""
    return moved(batch, "failed", now_s=now_s, errors=faults)


def begun(batch: Batch, *, num_lines: int, now_s: float) -> Batch:
    """Its lines are valid and are answered from now on."""
    counts = RequestCounts(total=num_lines)
    return moved(batch, "in_progress", now_s=now_s, request_counts=counts)


def ended(batch: Batch, ending: Ending, *, now_s: float) -> Batch:
    """Its files are there; an unfinished one has expired."""
    status: Status = {"finalizing": "completed", "cancelling": "cancelled"}.get(  # type: ignore[assignment]
        batch.status, "expired"
    )
    return moved(
        batch,
        status,
        now_s=now_s,
        output_file_id=ending.output_file_id,
        error_file_id=ending.error_file_id,
        request_counts=ending.counts,
    )


def cancelling(batch: Batch, *, now_s: float) -> Batch:
    """No further line of it is answered; asked again, it is as it was.

    Raises:
        ConflictError: it has ended, or all its lines have.
    """
    if batch.status == "cancelling":
        return batch
    if "cancelling" not in FOLLOWING[batch.status]:
        raise ConflictError(
            f"batch {batch.id!r} is {batch.status!r}; only one that is 'validating' or "
            "'in_progress' can be cancelled"
        )
    return moved(batch, "cancelling", now_s=now_s)


def _times(batch: Batch) -> tuple[int | None, ...]:
    return (
        batch.created_at,
        batch.in_progress_at,
        batch.finalizing_at,
        batch.cancelling_at,
    )
