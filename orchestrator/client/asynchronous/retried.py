"""The one loop that asks again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from orchestrator.client.retrying import Retries
from orchestrator.errors import OrchestratorError

T = TypeVar("T")


async def retried(
    ask: Callable[[], Awaitable[T]],
    *,
    retries: Retries,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """The answer to `ask`, asked again as `retries` says.

    Args:
        ask: asks once.
        retries: how often and how late it is asked again.
        pause: waits for some seconds.

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
