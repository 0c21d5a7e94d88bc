"""`POST /v1/chat/completions`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from orchestrator.api.answering import answer, begin, head_of, read, wants_usage
from orchestrator.api.chat_writer import ChatWriter
from orchestrator.api.direct_route import DirectRoute
from orchestrator.api.openapi import body_of, generated
from orchestrator.api.queries import chat_query
from orchestrator.api.requests import ChatRequest
from orchestrator.api.wiring import Wiring


def endpoints(wiring: Wiring) -> APIRouter:
    """The chat endpoint."""
    router = APIRouter(route_class=DirectRoute, tags=["generation"])

    @router.post(
        "/v1/chat/completions",
        summary="Answer a conversation",
        responses=generated(ChatCompletion, ChatCompletionChunk),
        openapi_extra=body_of(ChatRequest),
    )
    async def chat_completions(request: Request) -> Response:
        """Continue `messages` by an expert, or by the one that a composition chooses."""
        exchange, programs = begin(request, wiring)
        asked = await read(request, exchange, wiring, choose=lambda _: ChatRequest)
        query = chat_query(asked, call_id=exchange.call_id)
        writer = ChatWriter(head_of(exchange, query), has_usage=wants_usage(asked))
        return await answer(request, exchange, programs=programs, query=query, writer=writer)

    return router
