# Made of asynchronous/retried.py by `python orchestrator/client/twin.py`: edit that one.
"""The one loop that asks again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from orchestrator.client.retrying import Retries
from orchestrator.errors import OrchestratorError

T = TypeVar("T")


def retried(
    ask: Callable[[], T],
    *,
    retries: Retries,
    pause: Callable[[float], None] = time.sleep,
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
            return ask()
        except OrchestratorError as exc:
            wait_s = retries.wait_s(exc, attempt=attempt, draw=random.random())
            if wait_s is None:
                raise
        pause(wait_s)
        attempt += 1
