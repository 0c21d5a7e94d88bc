"""Wait for what nobody tells of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_EVERY_S = 0.002


async def until(is_so: Callable[[], bool], *, within_s: float = 20.0) -> None:
    """Return once something is so that has no event to wait for.

    Raises:
        TimeoutError: it is not, within `within_s`.
    """
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(_EVERY_S)
