"""Asks again what failed for a while: pure decisions, and one loop that waits by them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from orchestrator.errors import OrchestratorError

T = TypeVar("T")


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


async def retried(
    ask: Callable[[], Awaitable[T]],
    *,
    retries: Retries,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """The answer to `ask`, asked again as `retries` says.

    Raises:
        OrchestratorError: of the last attempt.
    """
    attempt = 1
    while True:
        try:
            return await ask()
        except OrchestratorError as exc:
            wait_s = retries.wait_s(exc, attempt=attempt, draw=random.random())
            if wait_s is None:
                raise
        await pause(wait_s)
        attempt += 1
