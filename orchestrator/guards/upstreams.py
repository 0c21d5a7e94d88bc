"""Where engines of other servers may be: what the operator of the service allows."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from orchestrator.errors import AddressRefusedError, SetupError
from orchestrator.guards.addresses import Kind
from orchestrator.guards.policy import AddressPolicy, literal, policy_of, url_fault

#: Read by every process that reads a registry or asks upstreams.
ADDRESSES = "ORCHESTRATOR_UPSTREAM_ADDRESSES"
HOSTS = "ORCHESTRATOR_UPSTREAM_HOSTS"

_KINDS: dict[str, frozenset[Kind]] = {
    "private": frozenset({"public", "private", "loopback"}),
    "public": frozenset({"public"}),
}


def upstream_policy(environ: Mapping[str, str]) -> AddressPolicy:
    """What may be the address of an upstream.

    Link-local ones, and services that give out a machine's credentials, must be named.

    Raises:
        SetupError: a variable is not what it may be.
    """
    chosen = environ.get(ADDRESSES) or "private"
    if chosen not in _KINDS:
        raise SetupError(f"{ADDRESSES} is {chosen!r}; allowed: {', '.join(sorted(_KINDS))}")
    try:
        return policy_of(_KINDS[chosen], environ.get(HOSTS, ""))
    except ValueError as exc:
        raise SetupError(f"{HOSTS} holds what is no host and no network: {exc}") from exc


async def check_address(upstream: str, url: str, policy: AddressPolicy) -> None:
    """Look up where `url` leads, for a library that connects by itself.

    Args:
        upstream: the expert's id, for the message.
        url: the root of the upstream.
        policy: what it may be at.

    Raises:
        AddressRefusedError: it leads where nothing of ours may go.
    """
    fault = url_fault(url, policy)
    host = urlsplit(url).hostname if fault is None else None
    if host and literal(host) is None:
        fault = await _fault_of_name(host, policy)
    if fault is not None:
        raise refusal_of(upstream, fault)


def refusal_of(upstream: str, fault: str) -> AddressRefusedError:
    """The error for an upstream at an address that must not be reached."""
    return AddressRefusedError(
        f"{upstream} is not asked: {fault}; give engine.base_url another host, or name this one "
        f"in {HOSTS}"
    )


async def _fault_of_name(host: str, policy: AddressPolicy) -> str | None:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None  # whoever connects says so
    addresses = (ip_address(str(one[4][0]).partition("%")[0]) for one in found)
    return next(filter(None, (policy.fault(host, one) for one in addresses)), None)
