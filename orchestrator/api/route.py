"""`POST /v1/route`: who would answer, and why."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from orchestrator.api.admitting import entered
from orchestrator.api.answering import begin, read
from orchestrator.api.binding import bound_limits, require_model
from orchestrator.api.direct_route import DirectRoute
from orchestrator.api.exchange import Exchange
from orchestrator.api.openapi import body_of, described
from orchestrator.api.queries import chat_query, completion_query
from orchestrator.api.replies import JsonReply
from orchestrator.api.requests import (
    CompletionRequest,
    GenerationRequest,
    RouteChatRequest,
    RouteTextRequest,
)
from orchestrator.api.wiring import Wiring
from orchestrator.api.wishes import wishes_of
from orchestrator.compositions.base import Decision, Query
from orchestrator.registry.models import Registry


class ExpectedAnswer(BaseModel):
    """What an answer would take; `null` where nobody can say."""

    price_usd: float | None = Field(description="USD at most, by the longest answer.")
    energy_j: float | None = Field(description="Joules at most, by the longest answer.")
    latency_s: float | None = Field(description="Seconds until its end, the wait included.")
    tokens: int = Field(description="Read and written at most, a token a byte of the prompt.")


class RouteDecision(BaseModel):
    """Who would answer a request; nothing was generated."""

    object: str = "route"
    id: str = Field(description="Id of the request.")
    model: str = Field(description="What the caller named.")
    chosen: list[str] = Field(description="Expert ids, best first; the first would answer.")
    scores: dict[str, float] = Field(description="Expert id -> score in [0, 1].")
    category: str | None
    skills: list[str] = Field(description="Skills the choice went by, as profiles name them.")
    entropy: float | None = Field(description="Uncertainty in [0, 1].")
    is_fallback: bool
    answer: str | None = Field(
        description="A known answer, which is told in the place of an expert's."
    )
    needs_generation: bool = Field(
        description="Whether it would be another choice if a model named the skills first."
    )
    reasons: list[str]
    excluded: dict[str, str] = Field(description="Expert id -> why it was not scored.")
    team: list[str] = Field(
        description="Whom a router that recruits several recruits, within caps."
    )
    named: dict[str, str] = Field(
        description="Whom a composition's entry names for its stages, by key: `judges.0.expert`."
    )
    fallbacks: list[str] = Field(description="Who answers where the first cannot, in order.")
    expected: ExpectedAnswer | None = Field(description="What an answer of the first would take.")
    composition: str | None
    router: str | None
    router_version: str | None
    chosen_by: str | None = Field(
        description="Of a router made of routers, the way to the one that chose."
    )
    generation: int
    defaults: dict[str, float] = Field(description="What the registry would fill in.")
    routing_ms: float = Field(description="The router's time, ms.")
    overhead_ms: float = Field(description="The service's whole own time, ms.")


def endpoints(wiring: Wiring) -> APIRouter:
    """The routing endpoint."""
    router = APIRouter(route_class=DirectRoute, tags=["routing"])

    @router.post(
        "/v1/route",
        summary="Explain where a request would go",
        responses=described(RouteDecision),
        openapi_extra=body_of(RouteChatRequest, RouteTextRequest),
    )
    async def route(request: Request) -> Response:
        """Route the body of a chat or completion request without answering it.

        `model` is `auto` where it is left out.
        """
        exchange, programs = begin(request, wiring)
        asked = await read(request, exchange, wiring, choose=_model_for)
        exchange.is_streamed = False
        query = replace(
            _query(asked, exchange.call_id),
            is_fresh=wishes_of(request.headers).is_fresh,
            limits=bound_limits(request.headers, exchange.caller, programs),
        )
        exchange.is_known_model = query.model in programs
        require_model(query.model, exchange.caller, programs)
        await entered(exchange)  # it takes no tokens, and a place among the requests
        exchange.decision = await programs.decide(query)
        veiled = programs.veiled(query.limits)
        named = _named(programs.registry, query.model, veiled=veiled)
        return JsonReply(orjson.dumps({**_body(exchange, exchange.decision), "named": named}))

    return router


def _model_for(body: bytes) -> type[GenerationRequest]:
    """Completion requests have a prompt; all else is judged as a chat request."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return RouteChatRequest  # whose parser says where the fault is
    return (
        RouteTextRequest
        if isinstance(document, dict) and "prompt" in document
        else RouteChatRequest
    )


def _query(asked: GenerationRequest, call_id: str) -> Query:
    if isinstance(asked, CompletionRequest):
        return completion_query(asked, call_id=call_id)
    assert isinstance(asked, RouteChatRequest), "the two models of this endpoint"
    return chat_query(asked, call_id=call_id)


def _named(registry: Registry, model: str, *, veiled: frozenset[str]) -> dict[str, str]:
    entry = registry.compositions.get(model)
    named = () if entry is None else entry.asked_models()
    return {".".join(map(str, at)): name for at, name in named if name not in veiled}


def _naming(decision: Decision) -> str:
    """Why this one is asked, where no router chose."""
    if decision.composition is None:
        return f"the caller named expert {decision.expert!r}"
    return f"composition {decision.composition!r} asks {decision.expert!r} first, by its entry"


def _body(exchange: Exchange, decision: Decision) -> dict[str, Any]:
    route, allowed = decision.route, decision.allowed
    return {
        "object": "route",
        "id": exchange.request_id,
        "model": exchange.model,
        "chosen": list(route.chosen) if route else [decision.expert],
        "scores": dict(route.scores) if route else {},
        "category": route.category if route else None,
        "skills": list(route.skills) if route else [],
        "entropy": route.entropy if route else None,
        "is_fallback": route.is_fallback if route else False,
        "answer": decision.recalled,
        "needs_generation": route.needs_generation if route else False,
        "reasons": list(route.reasons) if route else [_naming(decision)],
        "excluded": allowed.excluded() if allowed else {},
        "team": list(decision.team),
        "fallbacks": list(decision.fallbacks),
        "expected": asdict(allowed.expected(decision.expert)) if allowed else None,
        "composition": decision.composition,
        "router": decision.router,
        "router_version": decision.router_version,
        "chosen_by": route.chosen_by if route else None,
        "generation": decision.generation,
        "defaults": dict(decision.defaults),
        "routing_ms": round(decision.routing_s * 1000, 4),
        "overhead_ms": round(exchange.overhead_ms(), 4),
    }
