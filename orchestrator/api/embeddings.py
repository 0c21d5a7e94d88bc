"""`POST /v1/embeddings`."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request, Response

from orchestrator.api.admitting import admit, entered
from orchestrator.api.answering import begin
from orchestrator.api.binding import bound_limits, bound_priority, require_model
from orchestrator.api.body import read_body
from orchestrator.api.connection import connected
from orchestrator.api.direct_route import DirectRoute
from orchestrator.api.embedding_request import EmbeddingRequest, embed_query
from orchestrator.api.embedding_writer import spelled
from orchestrator.api.exchange import Exchange
from orchestrator.api.faults import parse
from orchestrator.api.metering import NO_TOKENS
from orchestrator.api.openai_forms import EmbeddingList
from orchestrator.api.openapi import body_of, described
from orchestrator.api.parameters import settle
from orchestrator.api.prompt_log import log_prompt
from orchestrator.api.replies import JsonReply
from orchestrator.api.settings import ApiSettings
from orchestrator.api.told_again import embedded
from orchestrator.api.waited import heard
from orchestrator.api.wiring import Wiring
from orchestrator.api.wishes import Wishes, wishes_of
from orchestrator.compositions.embedding import EmbedQuery
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Usage
from orchestrator.engines.embedding import Vectors


def endpoints(wiring: Wiring) -> APIRouter:
    """The embeddings endpoint."""
    router = APIRouter(route_class=DirectRoute, tags=["embeddings"])

    @router.post(
        "/v1/embeddings",
        summary="Embed texts",
        responses=described(EmbeddingList),
        openapi_extra=body_of(EmbeddingRequest),
    )
    async def embeddings(request: Request) -> Response:
        """One vector for each `input`, in order, by the expert named.

        An input longer than the expert's context is refused and not cut.
        """
        exchange, programs = begin(request, wiring)
        asked = await _read(request, exchange, wiring.settings)
        wishes = wishes_of(request.headers)
        query = replace(
            embed_query(asked, call_id=exchange.call_id),
            timeout_s=exchange.timeout_s,
            max_wait_s=wishes.max_wait_s,
            priority=bound_priority(wishes, exchange.caller),
            order=wishes.order,
            limits=bound_limits(request.headers, exchange.caller, programs),
        )
        exchange.is_known_model = query.model in programs
        require_model(query.model, exchange.caller, programs)
        async with connected(request.receive):
            allowance = await admit(exchange, is_one_call=True)
            query = replace(query, allowance=allowance)
            vectors = await _embed(query, programs, exchange, wishes)
            await entered(exchange)
        is_base64 = asked.encoding_format == "base64"
        return JsonReply(spelled(vectors, model=query.model, is_base64=is_base64))

    return router


async def _read(request: Request, exchange: Exchange, settings: ApiSettings) -> EmbeddingRequest:
    body = await read_body(
        request, exchange, max_bytes=settings.max_body_bytes, max_s=settings.max_body_s
    )
    asked = parse(EmbeddingRequest, body)
    log_prompt(body, request.headers, settings)
    exchange.model = asked.model
    exchange.user = asked.user
    exchange.ignored += settle(asked.model_extra or {}, known=EmbeddingRequest.model_fields)
    return asked


async def _embed(
    query: EmbedQuery, programs: Programs, exchange: Exchange, wishes: Wishes
) -> Vectors:
    program = programs.embedder(query.model, query.limits)
    exchange.decision = program.decide(query)
    asked_s = exchange.clock()
    try:
        vectors = await embedded(query, exchange, program=program, wishes=wishes)
    finally:
        exchange.engine_s += exchange.clock() - asked_s
    for notice in vectors.notices:
        exchange.waited = heard(notice, exchange.waited)
    is_hit = exchange.cache is not None and exchange.cache.is_hit
    used = Usage(prompt_tokens=vectors.num_tokens, completion_tokens=0, cost_usd=vectors.cost_usd)
    exchange.usage = NO_TOKENS if is_hit else used
    return vectors
