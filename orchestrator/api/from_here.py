"""Whether a request was made on this machine, by somebody on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from orchestrator.errors import ForbiddenError

_FORWARDED_FOR = re.compile(r'for="?\[?([^\]";,\s]+)', re.IGNORECASE)


def require_from_here(request: HTTPConnection, what: str) -> None:
    """Make sure that a request was made on this machine.

    Args:
        request: as it came.
        what: is asked for, for the message.

    Raises:
        ForbiddenError: it was not.
    """
    why = why_elsewhere(request)
    if why is not None:
        raise ForbiddenError(f"{what} is served {why}")


def why_elsewhere(request: HTTPConnection) -> str | None:
    """Why a request cannot be told to be of this machine; `None` where it is.

    The peer must be a loopback address, and so must every address that a proxy says it forwards
    for: a proxy on this machine makes all its callers look local. Such headers can only take the
    right away, never give it. A name other than localhost is refused too: any page can have its
    own name resolve to this machine, and a browser here would let it read the answer.
    """
    for address in (peer_of(request), *forwarded_addresses(request.headers)):
        if not is_loopback(address):
            return f"to callers on this machine only, not to {address[:64]!r}"
    if (host := request.headers.get("host")) and not is_own_name(host):
        return f"as 127.0.0.1 or localhost, not as {host[:64]!r}: call it by one of them"
    return None


def peer_of(request: HTTPConnection) -> str:
    """The address at the other end of the connection."""
    return request.client.host if request.client else "unknown"


def is_own_name(host: str) -> bool:
    """Whether no stranger can have named this machine so: an address, or `localhost`.

    Args:
        host: of a request's header, with or without a port.
    """
    name = host.partition("]")[0].removeprefix("[") if host[:1] == "[" else host.partition(":")[0]
    try:
        ip_address(name)
    except ValueError:
        return name.lower().rstrip(".") == "localhost"
    return True


def forwarded_addresses(headers: Headers) -> Iterator[str]:
    """Every address that proxies say they forward for."""
    for name in ("x-forwarded-for", "x-real-ip"):
        for value in headers.getlist(name):
            yield from (address.strip() for address in value.split(","))
    for value in headers.getlist("forwarded"):
        yield from _FORWARDED_FOR.findall(value) or ("unknown",)


def is_loopback(address: str) -> bool:
    """Whether `address` is of this machine; anything that is no IP address is not."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback
