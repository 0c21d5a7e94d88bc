"""How both clients reach the service: one pool each, and httpx's errors as ours."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from orchestrator.client.calls import Outgoing
from orchestrator.client.failures import failure, translated
from orchestrator.client.retrying import Retries, retried
from orchestrator.client.settings import Settings
from orchestrator.errors import OrchestratorError

if TYPE_CHECKING:
    import httpx


class Connection:
    """Of the blocking client."""

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx.BaseTransport | None = None,
        retries: Retries | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx  # here, since it takes longer to import than all of the SDK

        #: Root of the service, as it was given.
        self.base_url = settings.base_url
        self.retries = retries or Retries()
        self.pause = pause
        with translated(self.base_url):
            self._http = httpx.Client(transport=transport, **settings.for_httpx())

    def complete(self, call: Outgoing) -> httpx.Response:
        """The whole answer, asked again while it fails for a while where that may be done.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.
        """
        if call.may_be_sent_again:
            return self._again(lambda: self._complete(call))
        return self._complete(call)

    def begin(self, call: Outgoing) -> httpx.Response:
        """The head of an answer, whose rest the caller reads and closes; as `complete`."""
        if call.may_be_sent_again:
            return self._again(lambda: self._begin(call))
        return self._begin(call)

    def repeated(self, call: Outgoing) -> bytes:
        """The answer to what changes nothing, asked again while it fails for a while."""
        return self._again(lambda: self._complete(call)).content

    def _complete(self, call: Outgoing) -> httpx.Response:
        response = self._begin(call)
        with translated(self.base_url):
            response.read()
        return response

    def _begin(self, call: Outgoing) -> httpx.Response:
        with translated(self.base_url):
            request = self._http.build_request(**call.for_httpx())
            response = self._http.send(request, stream=True)
            if response.is_success:
                return response
            body = response.read()
        raise failure(body, status=response.status_code, headers=response.headers)

    def _again(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        attempt = 1
        while True:
            try:
                return ask()
            except OrchestratorError as exc:
                wait_s = self.retries.wait_s(exc, attempt=attempt, draw=random.random())
                if wait_s is None:
                    raise
            self.pause(wait_s)
            attempt += 1

    def close(self) -> None:
        """Close all connections."""
        self._http.close()


class AsyncConnection:
    """Of the asynchronous client; see `Connection`."""

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        retries: Retries | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        import httpx  # here, since it takes longer to import than all of the SDK

        #: Root of the service, as it was given.
        self.base_url = settings.base_url
        self.retries = retries or Retries()
        self.pause = pause
        with translated(self.base_url):
            self._http = httpx.AsyncClient(transport=transport, **settings.for_httpx())

    async def complete(self, call: Outgoing) -> httpx.Response:
        """The whole answer; see `Connection.complete`."""
        if call.may_be_sent_again:
            return await self._again(lambda: self._complete(call))
        return await self._complete(call)

    async def begin(self, call: Outgoing) -> httpx.Response:
        """The head of an answer; see `Connection.begin`."""
        if call.may_be_sent_again:
            return await self._again(lambda: self._begin(call))
        return await self._begin(call)

    async def repeated(self, call: Outgoing) -> bytes:
        """The answer to what changes nothing, asked again while it fails for a while."""
        return (await self._again(lambda: self._complete(call))).content

    async def _complete(self, call: Outgoing) -> httpx.Response:
        response = await self._begin(call)
        with translated(self.base_url):
            await response.aread()
        return response

    async def _begin(self, call: Outgoing) -> httpx.Response:
        with translated(self.base_url):
            request = self._http.build_request(**call.for_httpx())
            response = await self._http.send(request, stream=True)
            if response.is_success:
                return response
            body = await response.aread()
        raise failure(body, status=response.status_code, headers=response.headers)

    async def _again(self, ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        return await retried(ask, retries=self.retries, pause=self.pause)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()
