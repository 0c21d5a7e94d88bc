"""Connections that go nowhere else: addresses are looked up here, judged, and connected to."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from orchestrator.guards.policy import AddressPolicy


class RefusedAddressError(OSError):
    """A host is at an address that must not be reached; says which, and why."""


class GuardedResolver(AbstractResolver):  # type: ignore[misc]  # aiohttp is untyped here
    """Looks names up as the system does and fails where one address may not be reached.

    What it returns is connected to, so a name that means something else a moment later gains
    nothing. All addresses must do: a name with a private one among them is an attempt.
    """

    def __init__(self, policy: AddressPolicy, resolver: AbstractResolver | None = None) -> None:
        self._policy = policy
        self._resolver = resolver or aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See `AbstractResolver.resolve`.

        Raises:
            RefusedAddressError: an address may not be reached.
            OSError: it is not found, or is no name.
        """
        try:
            found: list[ResolveResult] = await self._resolver.resolve(host, port, family)
        except UnicodeError as exc:  # a part of it is longer than names may have
            raise OSError(f"host {host[:64]!r} is no name that can be looked up") from exc
        for one in found:
            _check(self._policy, host, one["host"])
        return found

    async def close(self) -> None:
        """See `AbstractResolver.close`."""
        await self._resolver.close()


def guarded_connector(
    policy: AddressPolicy, *, resolver: AbstractResolver | None = None, **settings: Any
) -> aiohttp.TCPConnector:
    """A connector of aiohttp that connects names to what `policy` allows alone.

    Addresses that a URL names pass no resolver: `url_fault` says what is wrong with those.

    Args:
        policy: what may be reached.
        resolver: looks names up; as the system does, by default.
        settings: of `aiohttp.TCPConnector`.
    """
    return aiohttp.TCPConnector(resolver=GuardedResolver(policy, resolver), **settings)


def refused(error: BaseException | None) -> RefusedAddressError | None:
    """The refusal that an error of aiohttp came of."""
    while error is not None and not isinstance(error, RefusedAddressError):
        error = error.__cause__ or error.__context__
    return error


def _check(policy: AddressPolicy, host: str, address: str) -> None:
    fault = policy.fault(host, ip_address(address.partition("%")[0]))
    if fault is not None:
        raise RefusedAddressError(fault)
