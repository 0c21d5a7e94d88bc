"""Which hosts a request of ours may go to: pure, of names and addresses that are known."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address, ip_network
from urllib.parse import urlsplit

from orchestrator.guards.addresses import Address, Kind, Network, innermost, kind_of

_WORDS: dict[Kind, str] = {
    "public": "a public address",
    "private": "an address of a private network",
    "loopback": "an address of this machine itself",
    "link_local": "a link-local address",
    "metadata": "the address of a cloud's metadata service",
    "multicast": "a multicast address",
    "unspecified": "no address of a host",
    "reserved": "a reserved address",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """What may be reached: kinds of addresses, and beyond them what the operator names."""

    kinds: frozenset[Kind]
    #: Host names, in lower case, that may be reached whatever their addresses are.
    hosts: frozenset[str] = frozenset()
    #: Addresses that may be reached whatever they are called.
    networks: tuple[Network, ...] = field(default=())

    def fault(self, host: str, address: Address) -> str | None:
        """Why `host` must not be reached at `address`; `None` where it may."""
        kind = kind_of(address)
        if kind in self.kinds or plain(host) in self.hosts:
            return None
        meant = innermost(address)
        if any(one in network for network in self.networks for one in (address, meant)):
            return None
        found = f"is {address}, " if plain(host) != str(address) else "is "
        return f"host {host[:128]!r} {found}{_WORDS[kind]}"


def policy_of(kinds: Iterable[Kind], allowed: str = "") -> AddressPolicy:
    """A policy with what an operator allows besides: names, addresses and networks, by commas.

    Raises:
        ValueError: one of them is a network with an address that lies in its middle.
    """
    hosts: set[str] = set()
    networks: list[Network] = []
    for one in filter(None, (part.strip() for part in allowed.split(","))):
        if "/" in one or literal(one) is not None:
            networks.append(ip_network(one.strip("[]")))
        else:
            hosts.add(plain(one))
    return AddressPolicy(kinds=frozenset(kinds), hosts=frozenset(hosts), networks=tuple(networks))


def plain(host: str) -> str:
    """A host name as it is compared: in lower case, without the dot that may end it."""
    return host.strip("[]").rstrip(".").lower()


def literal(host: str) -> Address | None:
    """The address that `host` is, written as usual; `None` for names."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def disguised(host: str) -> IPv4Address | None:
    """The address that `host` is in a form for machines: `2130706433`, `0x7f.1`, `0177.0.0.1`."""
    if literal(host) is not None or not plain(host)[:1].isdigit():
        return None
    try:
        return IPv4Address(socket.inet_aton(plain(host)))
    except (OSError, ValueError):
        return None


def url_fault(url: str, policy: AddressPolicy) -> str | None:
    """Why a request of ours must not go to `url`, as far as it can be told without asking anybody.

    The URL is not repeated: it may hold credentials.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "it is no http(s) URL with a host"
    if "@" in parts.netloc:
        return "it holds a user or a password; leave them out"
    if not host.isascii() or any(sign in url for sign in "\\\r\n\t") or " " in parts.netloc:
        return "its host is not written in letters, digits, dots and hyphens"
    meant = disguised(host)
    if meant is not None:
        return f"its host {host[:64]!r} is {meant} in disguise; write addresses as four decimals"
    address = literal(host)
    return None if address is None else policy.fault(host, address)
