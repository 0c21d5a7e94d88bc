"""What is told of rollouts: the last error, one log line a decision, the metrics."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from orchestrator import metrics
from orchestrator.errors import ConflictError, OrchestratorError, StoreError
from orchestrator.events.telling import tell
from orchestrator.registry.generations import GenerationRecord, Source
from orchestrator.registry.status import Ending, Failure, failure_of

_LOG = logging.getLogger(__name__)


class Journal:
    """Keeps the last error and tells every decision once.

    Args:
        clock: Unix time, seconds.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        #: `None` once an edit succeeded after it.
        self.last_error: Failure | None = None
        metrics.REGISTRY_VALID.set(1)

    def live(self, record: GenerationRecord, *, since_s: float) -> None:
        """A generation became live."""
        seconds = self._clock() - since_s
        metrics.ROLLOUT_SECONDS.observe(seconds)
        self._succeeded("live", record, seconds=round(seconds, 3))

    def unchanged(self, live: GenerationRecord, *, source: Source) -> None:
        """An edit says what is live already."""
        self._succeeded("unchanged", live, edit=source)

    def replaced(self, record: GenerationRecord) -> None:
        """A newer edit took the place of one that was being prepared."""
        self._tell("replaced", generation=record.number, source=record.source)

    def unheard(self, live: GenerationRecord, *, reason: str) -> None:
        """The participants did not take note of what is live; they follow the pointer."""
        _LOG.warning("generation %d is live, but not noted: %s", live.number, reason)

    def failed(
        self, error: OrchestratorError, *, source: Source, number: int | None = None
    ) -> None:
        """An edit changed nothing."""
        ending = _ending(error, number)
        # Who loses a race is told so; what is live is none the worse for it.
        if ending != "conflict":
            self.last_error = failure_of(error, source=source, number=number, at_s=self._clock())
            metrics.REGISTRY_VALID.set(0)
        self._tell(ending, generation=number, source=source, reason=error.message)

    def _succeeded(self, ending: Ending, record: GenerationRecord, **more: Any) -> None:
        self.last_error = None
        metrics.REGISTRY_VALID.set(1)
        self._tell(ending, generation=record.number, source=record.source, **more)

    def _tell(self, ending: Ending, **fields: Any) -> None:
        metrics.ROLLOUTS.labels(ending).inc()
        level = logging.INFO if ending in ("live", "unchanged", "replaced") else logging.ERROR
        tell(_LOG, "rollout", level, outcome=ending, **fields)


def _ending(error: OrchestratorError, number: int | None) -> Ending:
    if isinstance(error, ConflictError):
        return "conflict"
    if isinstance(error, StoreError):
        return "store_unavailable"
    return "invalid" if number is None else "failed"
