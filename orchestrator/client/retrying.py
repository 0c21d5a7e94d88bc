"""When to ask again what failed for a while: pure decisions."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.errors import OrchestratorError


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often and how late something is asked again."""

    max_attempts: int = 6
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0

    def wait_s(self, error: OrchestratorError, *, attempt: int, draw: float) -> float | None:
        """How long to wait before asking again; `None` where that is of no use.

        Args:
            error: what attempt number `attempt` ended with, from 1.
            attempt: see above.
            draw: in [0, 1]; spreads those who failed together.
        """
        if not error.retryable or attempt >= self.max_attempts:
            return None
        doubled = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (attempt - 1))
        return max(doubled * (0.5 + draw / 2), error.retry_after_s or 0.0)
