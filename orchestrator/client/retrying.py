"""When to ask again what failed for a while: pure decisions."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.errors import InvalidRequestError, OrchestratorError


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often and how late something is asked again."""

    #: The first one included.
    max_attempts: int = 6
    #: Before the second attempt; twice as long before each one after it.
    first_wait_s: float = 0.5
    #: Unless the service itself says when to come again.
    longest_wait_s: float = 30.0

    def __post_init__(self) -> None:
        if self.max_attempts < 1 or self.first_wait_s < 0 or self.longest_wait_s < 0:
            raise InvalidRequestError(
                f"{self!r}: 'max_attempts' must be 1 or more, the waits 0 or more", param="retries"
            )

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
