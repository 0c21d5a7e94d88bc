"""Whose an IP address is: anybody's, or of a network that only insiders should reach."""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Literal

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: `metadata` tells machines of a cloud their credentials.
Kind = Literal[
    "public",
    "private",
    "loopback",
    "link_local",
    "metadata",
    "multicast",
    "unspecified",
    "reserved",
]

#: Of AWS (instances, containers, pods), Google, Azure, Oracle, Alibaba, Tencent.
_METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "169.254.0.23",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
        ),
    )
)
#: IPv6 that ends in the IPv4 address which a translator goes on to.
_ENDS_IN_IPV4 = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))
_OF_CARRIERS = ip_network("100.64.0.0/10")
_IPV4_MASK = 2**32 - 1


def kind_of(address: Address) -> Kind:
    """Whose `address` is; an IPv4 address within an IPv6 one counts as itself."""
    meant = innermost(address)
    if address in _METADATA or meant in _METADATA:
        return "metadata"
    return _of_special(meant) or ("public" if meant.is_global else "reserved")


def innermost(address: Address) -> Address:
    """The IPv4 address that packets to an IPv6 address end at, where it is written in it."""
    inner = _inner(address) if isinstance(address, IPv6Address) else None
    return address if inner is None else inner


def _of_special(address: Address) -> Kind | None:
    if address.is_unspecified:
        return "unspecified"
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link_local"
    if address.is_multicast:
        return "multicast"
    is_site_local = isinstance(address, IPv6Address) and address.is_site_local
    # The library has networks for documentation and the like among the private ones.
    if address.is_private or is_site_local or address in _OF_CARRIERS:
        return "private"
    return None


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address.is_unspecified or address.is_loopback:
        return None
    if address.teredo is not None:
        return address.teredo[1]
    written = address.ipv4_mapped or address.sixtofour
    if written is None and any(address in network for network in _ENDS_IN_IPV4):
        written = IPv4Address(int(address) & _IPV4_MASK)
    return written
