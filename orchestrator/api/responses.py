"""`POST /v1/responses`, without a memory."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from orchestrator.api.answering import answer, begin, head_of, read
from orchestrator.api.direct_route import DirectRoute
from orchestrator.api.openapi import body_of, responded
from orchestrator.api.response_objects import frame_of
from orchestrator.api.response_query import left_aside, response_query
from orchestrator.api.response_request import ResponseRequest
from orchestrator.api.response_writer import ResponseWriter
from orchestrator.api.wiring import Wiring


def endpoints(wiring: Wiring) -> APIRouter:
    """The Responses endpoint."""
    router = APIRouter(route_class=DirectRoute, tags=["generation"])

    @router.post(
        "/v1/responses",
        summary="Answer an input",
        responses=responded(),
        openapi_extra=body_of(ResponseRequest),
    )
    async def responses(request: Request) -> Response:
        """Continue `input` by an expert, or by the one that a composition chooses.

        Nothing is kept: every response has `store` false, and the whole conversation is sent
        with each request.
        """
        exchange, programs = begin(request, wiring)
        asked = await read(request, exchange, wiring, choose=lambda _: ResponseRequest)
        exchange.ignored += left_aside(asked)
        query = response_query(asked, call_id=exchange.call_id)
        frame = frame_of(head_of(exchange, query), asked)
        writer = ResponseWriter(frame, call_id=exchange.call_id)
        return await answer(request, exchange, programs=programs, query=query, writer=writer)

    return router
