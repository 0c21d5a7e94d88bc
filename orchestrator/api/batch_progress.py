"""`/v1/batches/{id}/progress` and `/timeline`: how far a batch is, and how that was foreseen."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from orchestrator.api.batch_control import BatchControl
from orchestrator.api.batch_view import (
    ProgressState,
    TimelineState,
    progress_state,
    timeline_state,
)
from orchestrator.api.batch_watch import WatchReply, progress_events
from orchestrator.api.openapi import described, events_of
from orchestrator.api.owner import owner_of
from orchestrator.api.replies import JsonReply
from orchestrator.api.wiring import Wiring
from orchestrator.batch.gantt_page import timeline_page

_EVENTS = "text/event-stream"
#: The page reads nothing and asks nobody, whatever experts are called.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_AS_EVENTS = events_of({"type": "object", "description": "Of an event `batch.progress`."})
_AS_PAGE: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}


def endpoints(wiring: Wiring) -> APIRouter:
    """The endpoints, where somebody keeps batches."""
    router = APIRouter(prefix="/v1/batches", tags=["batches"])
    control = wiring.batches
    if control is None:
        return router

    @router.get(
        "/{batch_id}/progress",
        summary="How far a batch is",
        responses=_or(ProgressState, _AS_EVENTS),
    )
    async def progress(batch_id: str, request: Request) -> Response:
        """Once, or with `Accept: text/event-stream` about every second until it has ended."""
        look = partial(control.progress, batch_id, owner=owner_of(request))
        first = await look()
        if _wants_events(request):
            return WatchReply(progress_events(first, look))
        return JsonReply(progress_state(first).model_dump_json().encode())

    _add_timeline(router, control)
    return router


def _add_timeline(router: APIRouter, control: BatchControl) -> None:
    @router.get(
        "/{batch_id}/timeline",
        summary="What was predicted beside what happened",
        responses=_or(TimelineState, _AS_PAGE),
    )
    async def timeline(
        batch_id: str,
        request: Request,
        form: Annotated[Literal["json", "html"], Query(alias="format")] = "json",
    ) -> Response:
        """Every run with its slot, expert and times; `format=html` is a page that draws them."""
        found = await control.timeline(batch_id, owner=owner_of(request))
        if form == "json":
            return JsonReply(timeline_state(found).model_dump_json().encode())
        page = timeline_page(found, title=f"Batch {found.batch_id}")
        return Response(
            page,
            media_type="text/html",
            headers={"content-security-policy": _POLICY, "x-content-type-options": "nosniff"},
        )


def _wants_events(request: Request) -> bool:
    """Whether events are named before JSON: clients that can read both get the one answer."""
    named = [one.partition(";")[0].strip() for one in request.headers.get("accept", "").split(",")]
    return _EVENTS in named and "application/json" not in named[: named.index(_EVENTS)]


def _or(model: Any, other: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """`responses` of an endpoint that has two forms."""
    found = described(model)
    return {**found, 200: {**found[200], "content": other}}
