"""Notice a caller that hangs up, and stop working for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Receive


class ClientGoneError(Exception):
    """The caller closed the connection before its answer was complete."""


@asynccontextmanager
async def connected(receive: Receive) -> AsyncIterator[None]:
    """Run the body of the `with` only as long as the caller is there.

    Use it after the request body was read. When the caller disconnects, the body is cancelled at
    its next await, unwinds as any cancelled task does, and `ClientGoneError` leaves the block. A
    cancellation from elsewhere (a server that cancels its handlers itself) passes unchanged.

    Raises:
        ClientGoneError: the caller hung up.
    """
    task = asyncio.current_task()
    assert task is not None, "endpoints run in tasks"
    is_gone = False

    async def watch() -> None:
        nonlocal is_gone
        while (await receive())["type"] != "http.disconnect":
            pass
        is_gone = True
        task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        if is_gone and task.uncancel() == 0:
            raise ClientGoneError from None
        raise
    finally:
        watcher.cancel()
