"""`/v1/batches`: files of requests, planned by expert and answered within a window."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from orchestrator.api.batch_control import BatchControl
from orchestrator.api.batch_object import BatchList, BatchObject, batch_list, batch_object
from orchestrator.api.batch_request import BatchRequest
from orchestrator.api.body import read_body
from orchestrator.api.direct_route import DirectRoute
from orchestrator.api.exchange import exchange_of
from orchestrator.api.faults import parse
from orchestrator.api.openapi import body_of, described
from orchestrator.api.owner import owner_of
from orchestrator.api.replies import JsonReply
from orchestrator.api.wiring import Wiring
from orchestrator.batch.asked import Page
from orchestrator.batch.batch import Batch

#: Sixteen pairs of metadata with every letter escaped; longer bodies are none.
_MAX_BODY_BYTES = 131_072


def endpoints(wiring: Wiring) -> APIRouter:
    """The endpoints of batches, where somebody keeps them."""
    router = APIRouter()
    if wiring.batches is not None:
        router.include_router(_creating(wiring.batches))
        router.include_router(_telling(wiring.batches))
    return router


def _creating(control: BatchControl) -> APIRouter:
    router = APIRouter(prefix="/v1/batches", route_class=DirectRoute, tags=["batches"])

    @router.post(
        "",
        summary="Have a file of requests answered",
        responses=described(BatchObject),
        openapi_extra=body_of(BatchRequest),
    )
    async def create(request: Request) -> Response:
        """Begin a batch; the file is validated next, and every fault told with its line."""
        exchange = exchange_of(request)
        body = await read_body(request, exchange, max_bytes=_MAX_BODY_BYTES)
        asked = replace(parse(BatchRequest, body).asked, once=exchange.once)
        return _reply(await control.create(asked, owner=owner_of(request)))

    return router


def _telling(control: BatchControl) -> APIRouter:
    router = APIRouter(prefix="/v1/batches", tags=["batches"])

    @router.get("", summary="List batches", responses=described(BatchList))
    async def batches(
        request: Request,
        after: Annotated[str | None, Query(max_length=128)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> Response:
        """Newest first; `after` goes on behind a batch."""
        page = Page(limit=limit, after=after)
        found, has_more = await control.batches(page, owner=owner_of(request))
        return JsonReply(batch_list(found, has_more=has_more).model_dump_json().encode())

    @router.get("/{batch_id}", summary="Where a batch stands", responses=described(BatchObject))
    async def batch(batch_id: str, request: Request) -> Response:
        """Its status, its counts, and its files once it has ended."""
        return _reply(await control.batch(batch_id, owner=owner_of(request)))

    @router.post("/{batch_id}/cancel", summary="Cancel a batch", responses=described(BatchObject))
    async def cancel(batch_id: str, request: Request) -> Response:
        """Begin to cancel; what is finished is in the output file, the rest in the error file."""
        return _reply(await control.cancel(batch_id, owner=owner_of(request)))

    return router


def _reply(batch: Batch) -> Response:
    return JsonReply(batch_object(batch).model_dump_json().encode())
