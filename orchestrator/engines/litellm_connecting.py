"""Connections of LiteLLM's session that go where was judged, and nowhere else.

An expert's `base_url` is looked up and judged before a call; LiteLLM looks it up again to connect,
when the name may mean another host. Here names are looked up once, judged, and connected to.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import aiohttp
import httpcore
import httpx
from aiohttp.abc import AbstractResolver

from orchestrator.guards.connecting import GuardedResolver, RefusedAddressError
from orchestrator.guards.policy import AddressPolicy

#: What the call under way may reach; `None` where its provider's own address is meant.
_POLICY: ContextVar[AddressPolicy | None] = ContextVar("litellm_policy", default=None)


@contextmanager
def judged_by(policy: AddressPolicy | None) -> Iterator[None]:
    """Connect to what `policy` allows alone, in this task, while the block runs."""
    token = _POLICY.set(policy)
    try:
        yield
    finally:
        _POLICY.reset(token)


class JudgingBackend(httpcore.AsyncNetworkBackend):
    """Opens connections as httpcore does, to addresses that were judged.

    Args:
        resolver: looks names up; as the system does, by default.
    """

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._resolver = resolver
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """See `AsyncNetworkBackend.connect_tcp`.

        Raises:
            RefusedAddressError: an address of the host may not be reached.
            ConnectError: the host is not found, or none of its addresses answers.
        """
        policy = _POLICY.get()
        addresses = [host] if policy is None else await self._judged(policy, host, port)
        failure: Exception = httpcore.ConnectError(f"host {host!r} has no address")
        for address in addresses:
            try:
                return await self._backend.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
        raise failure

    async def sleep(self, seconds: float) -> None:
        """See `AsyncNetworkBackend.sleep`."""
        await self._backend.sleep(seconds)

    async def _judged(self, policy: AddressPolicy, host: str, port: int) -> Iterable[str]:
        resolver = GuardedResolver(policy, self._resolver or aiohttp.ThreadedResolver())
        try:
            found = await resolver.resolve(host, port, socket.AF_UNSPEC)
        except RefusedAddressError:
            raise
        except OSError as exc:
            raise httpcore.ConnectError(str(exc)) from exc
        return [one["host"] for one in found]


def judging_session(limits: httpx.Limits, resolver: AbstractResolver | None = None) -> Any:
    """A client of httpx whose own connections are judged; those to a proxy are the proxy's affair.

    httpx has no setting for how its pool connects, and given a transport it leaves the proxies of
    the environment aside.
    """
    client = httpx.AsyncClient(limits=limits)
    transport: Any = client._transport
    transport._pool._network_backend = JudgingBackend(resolver)
    return client
