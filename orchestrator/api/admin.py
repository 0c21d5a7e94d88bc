"""`/admin/*`: what operators ask, from this machine only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import IPv6Address, ip_address
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.datastructures import Headers

from orchestrator.api.openapi import described
from orchestrator.api.settings import ApiSettings
from orchestrator.api.wiring import Wiring
from orchestrator.errors import ForbiddenError, NotFoundError
from orchestrator.store.records import StoredRecord

_FORWARDED_FOR = re.compile(r'for="?\[?([^\]";,\s]+)', re.IGNORECASE)


class DecisionList(BaseModel):
    """Decision records, newest first; those that cannot be read say why."""

    data: list[StoredRecord]


def require_admin(settings: ApiSettings) -> Callable[[Request], None]:
    """A dependency that lets only callers on this machine pass.

    The peer must be a loopback address, and so must every address that a proxy says it forwards
    for: a proxy on this machine makes all its callers look local. Such headers can only take the
    right away, never give it. A name other than localhost is refused too: any page can have its
    own name resolve to this machine, and a browser here would let it read the answer.
    """

    def check(request: Request) -> None:
        if settings.admin == "off":
            raise ForbiddenError("/admin is switched off (setting 'admin' is 'off')")
        peer = request.client.host if request.client else "unknown"
        for address in (peer, *forwarded_addresses(request.headers)):
            if not is_loopback(address):
                raise ForbiddenError(
                    f"/admin is served to callers on this machine only, not to {address[:64]!r}"
                )
        if (host := request.headers.get("host")) and not is_own_name(host):
            raise ForbiddenError(
                f"/admin is served as 127.0.0.1 or localhost, not as {host[:64]!r}: call it by "
                "one of them"
            )

    return check


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


def endpoints(wiring: Wiring) -> APIRouter:
    """The operators' endpoints."""
    admitted = Depends(require_admin(wiring.settings))
    router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[admitted])

    @router.get("/decisions", summary="Recent decisions", responses=described())
    async def decisions(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> DecisionList:
        """The newest decision records, newest first."""
        return DecisionList(data=await wiring.records.recent(limit=limit))

    @router.get("/decisions/{request_id}", summary="One decision", responses=described())
    async def decision(request_id: str) -> StoredRecord:
        """What was decided for one request and how it ended."""
        found = await wiring.records.find(request_id)
        if found is None:
            raise NotFoundError(
                f"no decision record of request {request_id[:128]!r}: none was made, or it is no "
                "longer retained; GET /admin/decisions lists recent ones"
            )
        return found

    return router
