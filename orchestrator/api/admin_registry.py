"""`/admin/registry`: what is served, and every way to change it while the service runs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.api.admin import require_admin
from orchestrator.api.body import read_body
from orchestrator.api.exchange import exchange_of
from orchestrator.api.faults import parse
from orchestrator.api.openapi import described
from orchestrator.api.preconditions import (
    etag,
    expected_generation,
    require_no_page,
    require_yaml,
)
from orchestrator.api.registry_control import RegistryControl
from orchestrator.api.wiring import Wiring
from orchestrator.errors import OrchestratorError
from orchestrator.registry.changes import Applied, DiffRequest, PostedEdit, RollbackRequest
from orchestrator.registry.contents import MAX_BYTES
from orchestrator.registry.diff import Diff
from orchestrator.registry.generations import GenerationSummary
from orchestrator.registry.status import RolloutStatus

_YAML = "text/yaml; charset=utf-8"
_TEXT: dict[int | str, dict[str, Any]] = {
    **described(),
    200: {"content": {"text/yaml": {}}},
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "The registry; without one the registry file is read again.",
        "content": {"text/yaml": {}, "application/json": {}},
    }
}


class RegistryState(BaseModel):
    """What this replica answers from, and how edits fare."""

    generation: int
    num_experts: int
    num_compositions: int
    num_routers: int
    num_slots: int = Field(description="Slots in all, counting each one's `count`.")
    rollout: RolloutStatus | None = None
    rollout_unavailable: str | None = Field(
        None, description="Why `rollout` is not known; the replica serves on without."
    )


class GenerationList(BaseModel):
    """The generations that are kept, newest first; the first is live."""

    data: list[GenerationSummary]


class RollbackBody(BaseModel):
    """Body of a rollback; it may be left out."""

    model_config = ConfigDict(extra="forbid")

    generation: int | None = Field(
        None, ge=1, description="The one to go back to; the one before the live one by default."
    )


def endpoints(wiring: Wiring) -> APIRouter:
    """The endpoints of the registry; those that need its owner only where there is one."""
    admitted = Depends(require_admin(wiring.settings))
    router = APIRouter(prefix="/admin/registry", tags=["admin"], dependencies=[admitted])

    @router.get("", summary="The live generation", responses=described())
    async def registry(response: Response) -> RegistryState:
        """What this replica answers from, and what is on its way or went wrong."""
        state = await _state(wiring)
        response.headers["etag"] = etag(state.generation)
        return state

    if wiring.registry is not None:
        _add_questions(router, wiring.registry)
        _add_edits(router, wiring.registry)
    return router


def _add_questions(router: APIRouter, control: RegistryControl) -> None:
    @router.get("/text", summary="The registry's text", responses=_TEXT)
    async def text(generation: Annotated[int | None, Query(ge=1)] = None) -> Response:
        """A generation as it was written, the live one by default."""
        record = await control.read(generation)
        headers = {"content-type": _YAML, "etag": etag(record.number)}
        return Response(record.text.encode(), headers=headers)

    @router.get("/generations", summary="The generations", responses=described())
    async def generations() -> GenerationList:
        """Those that were live and are kept, newest first."""
        return GenerationList(data=await control.history())

    @router.get("/diff", summary="What differs", responses=described())
    async def diff(
        old: Annotated[int | None, Query(alias="from", ge=1)] = None,
        new: Annotated[int | None, Query(alias="to", ge=1)] = None,
    ) -> Diff:
        """What generation `to` (else the registry file) says otherwise than `from` (else live)."""
        return await control.diff(DiffRequest(old=old, new=new))


def _add_edits(router: APIRouter, control: RegistryControl) -> None:
    @router.post(
        "",
        summary="Edit the registry",
        responses=described(),
        openapi_extra=_BODY,
        dependencies=[Depends(require_no_page)],
    )
    async def edit(request: Request, dry_run: bool = False, wait: bool = True) -> Applied:
        """Serve the registry in the body, else what the registry file says now.

        The answer comes when every replica serves it; with `wait=false`, as soon as it is checked
        and on its way. With `dry_run=true` it is checked and compared, no more.
        """
        content = await read_body(request, exchange_of(request), max_bytes=MAX_BYTES)
        require_yaml(request.headers, content)
        applied = await control.apply(
            PostedEdit(
                content=content or None,
                expected=expected_generation(request.headers),
                is_dry_run=dry_run,
                waits=wait,
            )
        )
        exchange_of(request).target = f"generation {applied.generation}: {applied.outcome}"
        return applied

    @router.post(
        "/rollback",
        summary="Go back",
        responses=described(),
        dependencies=[Depends(require_no_page)],
    )
    async def rollback(request: Request, wait: bool = True) -> Applied:
        """Serve an earlier generation again, as a new one; the registry file stays as it is."""
        content = await read_body(request, exchange_of(request), max_bytes=MAX_BYTES)
        asked = parse(RollbackBody, content) if content else RollbackBody()
        applied = await control.rollback(
            RollbackRequest(
                number=asked.generation,
                expected=expected_generation(request.headers),
                waits=wait,
            )
        )
        exchange_of(request).target = f"generation {applied.generation}: {applied.outcome}"
        return applied


async def _state(wiring: Wiring) -> RegistryState:
    programs = wiring.live()
    live = programs.registry
    state = RegistryState(
        generation=programs.generation,
        num_experts=len(live.experts),
        num_compositions=len(live.compositions),
        num_routers=len(live.routers),
        num_slots=sum(slot.count for slot in live.slots),
    )
    if wiring.registry is None:
        return state
    try:
        return state.model_copy(update={"rollout": await wiring.registry.status()})
    except OrchestratorError as error:
        return state.model_copy(update={"rollout_unavailable": error.message})
