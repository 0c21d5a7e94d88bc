"""How a client reaches the service: one pool, httpx's errors as ours, and what is asked again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from orchestrator.client.asynchronous.retried import retried
from orchestrator.client.calls import Outgoing, written
from orchestrator.client.failures import failure, translated
from orchestrator.client.pools import Pools
from orchestrator.client.replies import read
from orchestrator.client.retrying import Retries
from orchestrator.client.settings import Settings
from orchestrator.client.wire_form import Wire

if TYPE_CHECKING:
    import httpx

W = TypeVar("W", bound=Wire)


class AsyncConnection:
    """Of one client and all that it lends it to."""

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        import httpx  # here, since it takes longer to import than all of the SDK

        #: Root of the service, as it was given.
        self.base_url = settings.base_url
        #: How often and how late something is asked again.
        self.retries = settings.retries or Retries()
        #: Waits for some seconds.
        self.pause = pause
        self._is_patient = settings.retries is not None
        self._pools = Pools(
            lambda: httpx.AsyncClient(transport=transport, **settings.for_httpx()),
            per_loop=True,
        )

    async def complete(self, call: Outgoing) -> httpx.Response:
        """The whole answer, asked again while it fails for a while where that may be done.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.
        """
        return await self._asked(call, self._complete)

    async def ask(self, kind: type[W], call: Outgoing) -> W:
        """The whole answer as the value it should be; as `complete`."""
        return read(kind, (await self.complete(call)).content)

    async def begin(self, call: Outgoing) -> httpx.Response:
        """The head of an answer, whose rest the caller reads and closes; as `complete`."""
        return await self._asked(call, self._begin)

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.close():
            await pool.aclose()

    async def _asked(
        self, call: Outgoing, ask: Callable[[Outgoing], Awaitable[httpx.Response]]
    ) -> httpx.Response:
        sent = call.as_sent(is_patient=self._is_patient)
        if not sent.may_be_sent_again(is_patient=self._is_patient):
            return await ask(sent)
        return await retried(lambda: ask(sent), retries=self.retries, pause=self.pause)

    async def _complete(self, call: Outgoing) -> httpx.Response:
        response = await self._begin(call)
        with translated(self.base_url):
            await response.aread()
        return response

    async def _begin(self, call: Outgoing) -> httpx.Response:
        with translated(self.base_url):
            http = self._pools.pool()
            request = written(call, http.build_request)
            response = await http.send(request, stream=True)
            if response.is_success:
                return response
            body = await response.aread()
        raise failure(body, status=response.status_code, headers=response.headers)
