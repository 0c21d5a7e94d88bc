"""`POST /v1/completions`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from openai.types import Completion

from orchestrator.api.answering import answer, begin, head_of, read, wants_usage
from orchestrator.api.completion_writer import CompletionWriter
from orchestrator.api.direct_route import DirectRoute
from orchestrator.api.openai_forms import CompletionChunk
from orchestrator.api.openapi import body_of, generated
from orchestrator.api.queries import completion_query
from orchestrator.api.requests import CompletionRequest
from orchestrator.api.wiring import Wiring


def endpoints(wiring: Wiring) -> APIRouter:
    """The text completion endpoint."""
    router = APIRouter(route_class=DirectRoute, tags=["generation"])

    @router.post(
        "/v1/completions",
        summary="Continue a text",
        responses=generated(Completion, CompletionChunk),
        openapi_extra=body_of(CompletionRequest),
    )
    async def completions(request: Request) -> Response:
        """Continue `prompt` as it is, without a chat template.

        Token ids are those of the named expert. Unlike OpenAI's, answers without `max_tokens` are
        as long as the expert's or the registry's default, not 16 tokens.
        """
        exchange, programs = begin(request, wiring)
        asked = await read(request, exchange, wiring, choose=lambda _: CompletionRequest)
        query = completion_query(asked, call_id=exchange.call_id)
        writer = CompletionWriter(head_of(exchange, query), has_usage=wants_usage(asked))
        return await answer(request, exchange, programs=programs, query=query, writer=writer)

    return router
