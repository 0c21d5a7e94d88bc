"""Ends tasks that ask a store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

#: What a task has for its last words before it is asked again, seconds.
_AGAIN_S = 1.0


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: redis-py writes by `asyncio.wait_for`, which on Python 3.11 loses a
    cancellation that comes just as the write ends, and a task without end then goes on.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_S)
