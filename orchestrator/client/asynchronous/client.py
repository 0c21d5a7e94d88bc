"""The asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from orchestrator.client.asynchronous.asking import AsyncAsking
from orchestrator.client.asynchronous.connections import AsyncConnection
from orchestrator.client.asynchronous.steering import AsyncSteering
from orchestrator.client.retrying import Retries
from orchestrator.client.settings import DEFAULT_URL, Settings

if TYPE_CHECKING:
    import httpx


class AsyncClient(AsyncAsking, AsyncSteering):
    """Asks a running service from an event loop; one pool for its tasks.

    Args:
        base_url: root of the service, without `/v1`.
        api_key: sent as a bearer token, where the service or a proxy before it wants one.
        timeout_s: longest silence of the service, seconds; `timeout_s` of a request goes first.
        retries: has everything asked again that fails for a while and changes nothing, or makes
            something once however often it is sent, under an idempotency key of its own. `None`:
            only looks at files and batches, and what the caller named with `idempotency_key`.
        transport: how requests travel; the network by default.
        pause: waits for some seconds.

    Example:
        ```python
        from orchestrator.client import AsyncClient, Retries

        async with AsyncClient("http://127.0.0.1:8000", retries=Retries(max_attempts=3)) as client:
            answer = await client.chat("What is the capital of Kenya?")
            print(answer.text)  # Nairobi
        ```
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 120.0,
        retries: Retries | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        settings = Settings(
            base_url=base_url, api_key=api_key, timeout_s=timeout_s, retries=retries
        )
        to = AsyncConnection(settings, transport=transport, pause=pause)
        AsyncAsking.__init__(self, to)
        AsyncSteering.__init__(self, to)

    async def close(self) -> None:
        """Close all connections.

        Example:
            ```python
            from orchestrator.client import AsyncClient

            client = AsyncClient("http://127.0.0.1:8000")
            print(len(await client.models()) > 1)  # True
            await client.close()
            ```
        """
        await self._to.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
