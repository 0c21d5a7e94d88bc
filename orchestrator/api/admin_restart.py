"""`/admin/restart`: new processes in place of old ones, one by one."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.api.admin import require_admin
from orchestrator.api.openapi import described
from orchestrator.api.preconditions import require_no_page
from orchestrator.api.restart_control import RestartState
from orchestrator.api.wiring import Wiring


class RestartRequest(BaseModel):
    """What to restart."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: str = Field(
        min_length=1, max_length=128, description="`gateways`, `workers` or the name of a slot."
    )


def endpoints(wiring: Wiring) -> APIRouter:
    """The endpoints of restarts, where there is somebody who runs the processes."""
    admitted = Depends(require_admin(wiring.settings))
    router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[admitted])
    control = wiring.restarts
    if control is None:
        return router

    @router.get("/restart", summary="How far a restart is", responses=described())
    async def restarting() -> RestartState:
        """Of the one under way, else of the last."""
        return await control.restarting()

    @router.post(
        "/restart",
        summary="Restart gateways or workers",
        status_code=202,
        responses=described(),
        dependencies=[Depends(require_no_page)],
    )
    async def restart(asked: RestartRequest) -> RestartState:
        """Begun when this answers: the gateway that answers may be one of those that end."""
        return await control.restart(asked.part)

    return router
