"""The span of each batch that is under way here, by which traces of its lines name it.

A line is a trace of its own and links to its batch: in one trace a batch would have as many spans
as it has lines, times their calls. An office that goes on with a batch begins a span of its own.
"""

from __future__ import annotations

from orchestrator.batch.batch import Batch
from orchestrator.tracing.spans import UNTRACED, Span
from orchestrator.tracing.tracing import Tracing


class BatchSpans:
    """Begins and ends them.

    Args:
        tracing: where spans go; nobody records without one.
    """

    def __init__(self, tracing: Tracing | None = None) -> None:
        self._tracing = tracing or Tracing()
        #: By id of the batch.
        self._spans: dict[str, Span] = {}

    def of(self, batch_id: str | None) -> Span:
        """The span of a batch; `UNTRACED` where it is not under way here."""
        return UNTRACED if batch_id is None else self._spans.get(batch_id, UNTRACED)

    def begin(self, batch: Batch) -> None:
        """It is under way; said again, it still is."""
        if batch.id in self._spans:
            return
        span = self._tracing.alone(f"batch {batch.endpoint}")
        if span.is_recorded:
            span.tell({"orchestrator.batch": batch.id, "orchestrator.batch_from": batch.status})
            self._spans[batch.id] = span

    def end(self, batch: Batch) -> None:
        """It has ended, or somebody else goes on with it."""
        span = self._spans.pop(batch.id, None)
        if span is None:
            return
        counts = batch.request_counts
        span.tell(
            {
                "orchestrator.batch_status": batch.status,
                "orchestrator.num_lines": counts.total,
                "orchestrator.num_done": counts.completed,
                "orchestrator.num_failed": counts.failed,
            }
        )
        span.end(error=batch.status if batch.status in {"failed", "expired"} else None)
