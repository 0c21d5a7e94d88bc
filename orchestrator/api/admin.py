"""`/admin/*`: what operators ask, by an admin key or from this machine only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from orchestrator.api.exchange import exchange_of
from orchestrator.api.from_here import require_from_here
from orchestrator.api.openapi import described
from orchestrator.api.settings import ApiSettings
from orchestrator.api.wiring import Wiring
from orchestrator.errors import ForbiddenError, NotFoundError
from orchestrator.store.records import StoredRecord


class DecisionList(BaseModel):
    """Decision records, newest first; those that cannot be read say why."""

    data: list[StoredRecord]


def require_admin(settings: ApiSettings) -> Callable[[Request], None]:
    """A dependency that lets pass who has an admin key, and where none is asked for, this machine.

    A key that is no admin's is refused from wherever it comes, and so is nobody's where the
    service asks for keys.
    """

    def check(request: Request) -> None:
        if settings.admin == "off":
            raise ForbiddenError("/admin is switched off (setting 'admin' is 'off')")
        caller = exchange_of(request).caller
        if caller.is_admin:
            return
        if settings.admin == "key":
            raise ForbiddenError(
                f"/admin needs an admin key, and {caller.key_id!r} is none; ask with the one that "
                "the service was started with, or with a key made with it as an admin's"
            )
        require_from_here(request, "/admin")

    return check


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
