"""`/admin/audit`: what operators did."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from orchestrator.access.audit import AuditEntry
from orchestrator.api.admin import require_admin
from orchestrator.api.openapi import described
from orchestrator.api.wiring import Wiring


class AuditEntries(BaseModel):
    """Actions of operators, newest first."""

    data: list[AuditEntry]


def endpoints(wiring: Wiring) -> APIRouter:
    """The endpoint of the audit log, where one is kept."""
    admitted = Depends(require_admin(wiring.settings))
    router = APIRouter(prefix="/admin/audit", tags=["admin"], dependencies=[admitted])
    log = wiring.audit
    if log is None:
        return router

    @router.get("", summary="What operators did", responses=described())
    async def recent(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> AuditEntries:
        """Whatever was to change something below /admin, done or refused, newest first."""
        return AuditEntries(data=await log.recent(limit=limit))

    return router
