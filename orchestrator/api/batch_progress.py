"""`/v1/batches/{id}/progress` and `/timeline`: how far a batch is, and how that was foreseen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Query, Request, Response

from orchestrator.api.batch_control import BatchControl
from orchestrator.api.batch_view import (
    ProgressState,
    TimelineState,
    progress_state,
    timeline_state,
)
from orchestrator.api.batch_watch import WatchReply, progress_events
from orchestrator.api.binding import untold
from orchestrator.api.exchange import exchange_of
from orchestrator.api.openapi import described, events_of
from orchestrator.api.owner import owner_of
from orchestrator.api.replies import JsonReply
from orchestrator.api.wiring import Wiring
from orchestrator.batch.gantt_page import timeline_page
from orchestrator.batch.progress import Bar, BatchProgress, SlotRun

R = TypeVar("R", SlotRun, Bar)

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
        hidden = untold(exchange_of(request).caller, wiring.live)
        look = partial(_seen, control, batch_id, owner=owner_of(request), hidden=hidden)
        first = await look()
        if _wants_events(request):
            return WatchReply(progress_events(first, look))
        return JsonReply(progress_state(first).model_dump_json().encode())

    _add_timeline(router, wiring, control)
    return router


async def _seen(
    control: BatchControl, batch_id: str, *, owner: str, hidden: frozenset[str]
) -> BatchProgress:
    """Progress, without runs of experts that its owner may not use: batches run together."""
    found = await control.progress(batch_id, owner=owner)
    if not hidden or found.run is None:
        return found
    current, ended = _told(found.run.current, hidden), _told(found.run.ended, hidden)
    return replace(found, run=replace(found.run, current=current, ended=ended))


def _told(runs: Iterable[R], hidden: frozenset[str]) -> tuple[R, ...]:
    return tuple(run for run in runs if run.expert.partition("@")[0] not in hidden)


def _add_timeline(router: APIRouter, wiring: Wiring, control: BatchControl) -> None:
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
        if hidden := untold(exchange_of(request).caller, wiring.live):
            predicted, happened = _told(found.predicted, hidden), _told(found.happened, hidden)
            found = replace(found, predicted=predicted, happened=happened)
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
