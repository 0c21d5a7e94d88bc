"""The common way of every request that generates: begin, decide, answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

from fastapi import Request, Response

from orchestrator.api.admitting import admit, entered, is_one_call, waiting
from orchestrator.api.binding import bound_limits, bound_priority, require_model
from orchestrator.api.body import read_body
from orchestrator.api.bounds import check_bounds
from orchestrator.api.connection import connected
from orchestrator.api.conversation import left_aside
from orchestrator.api.details import details_of
from orchestrator.api.exchange import Exchange, exchange_of
from orchestrator.api.faults import parse
from orchestrator.api.metering import metered
from orchestrator.api.opening import opened
from orchestrator.api.parameters import settle
from orchestrator.api.prompt_log import log_prompt
from orchestrator.api.replies import EventReply, JsonReply
from orchestrator.api.requests import CallerRequest, ChatRequest, GenerationRequest
from orchestrator.api.staged import without_stages
from orchestrator.api.told_again import replied
from orchestrator.api.wiring import Wiring
from orchestrator.api.wishes import Wishes, wishes_of
from orchestrator.api.writers import Head, Json, Writer
from orchestrator.compositions.base import Query, Reply
from orchestrator.compositions.programs import Programs
from orchestrator.engines.collecting import collect
from orchestrator.events.telling import join
from orchestrator.routing.limits import Limits

R = TypeVar("R", bound=CallerRequest)


def begin(request: Request, wiring: Wiring) -> tuple[Exchange, Programs]:
    """Open a request that leaves a record, and pin it to the live generation."""
    exchange = exchange_of(request)
    exchange.endpoint = request.scope["route"].path
    exchange.is_recorded = True
    exchange.span = wiring.tracing.begun(
        f"{request.method} {exchange.endpoint}",
        request.headers,
        created_s=exchange.created_s,
        part_of=wiring.batch_spans.of(exchange.batch),
    )
    waiting(exchange, wiring)
    exchange.answers, exchange.images = wiring.answers, wiring.images
    join(trace_id=exchange.span.trace_id)
    programs = wiring.live()
    exchange.pin(programs)
    return exchange, programs


async def read(
    request: Request, exchange: Exchange, wiring: Wiring, *, choose: Callable[[bytes], type[R]]
) -> R:
    """Read and validate the body as the model that `choose` names for it.

    Raises:
        RequestError: the body is too long, too slow, no JSON, or not what model and bounds allow.
    """
    settings = wiring.settings
    body = await read_body(
        request, exchange, max_bytes=settings.max_body_bytes, max_s=settings.max_body_s
    )
    model = choose(body)
    asked = parse(model, body)
    check_bounds(asked, settings.bounds)
    log_prompt(body, request.headers, settings)
    exchange.model = asked.model
    exchange.is_streamed = bool(asked.stream)
    exchange.user = asked.user
    exchange.metadata = asked.metadata or {}
    exchange.ignored += settle(asked.model_extra or {}, known=model.model_fields)
    exchange.ignored += _nested_ignored(asked)
    return asked


async def answer(
    request: Request, exchange: Exchange, *, programs: Programs, query: Query, writer: Writer
) -> Response:
    """Answer `query`, whole or as a stream whose first chunk is there or that waits.

    Raises:
        OrchestratorError: a header is malformed, or anything that went wrong before the stream
            began.
        ClientGoneError: the caller hung up; the generation is ended.
    """
    caller = exchange.caller
    exchange.is_known_model = query.model in programs
    require_model(query.model, caller, programs)
    wishes, limits = wishes_of(request.headers), bound_limits(request.headers, caller, programs)
    async with connected(request.receive):
        allowance = await admit(exchange, is_one_call=is_one_call(query.model, programs))
        reply = await replied(
            replace(
                _wishing(await _with_images(query, exchange), wishes, limits),
                allowance=allowance,
                priority=bound_priority(wishes, caller),
                timeout_s=exchange.timeout_s,
                is_patient=exchange.timeout_s is not None,
            ),
            exchange,
            programs=programs,
            wishes=wishes,
        )
        exchange.decision, exchange.reply = reply.decision, reply
        try:
            response = await _answered(reply, exchange, wishes=wishes, writer=writer)
            await entered(exchange)
            return response
        finally:
            exchange.decision = reply.told  # another expert may have answered


async def _answered(
    reply: Reply, exchange: Exchange, *, wishes: Wishes, writer: Writer
) -> Response:
    def details() -> Json | None:
        return details_of(reply, exchange.usage) if wishes.has_details else None

    items = metered(reply.items, exchange)
    if exchange.is_streamed:
        told = items if wishes.has_stages else without_stages(items)
        begun, rest = await opened(told, reply.decision.answered_by or "of a known answer")
        return EventReply(begun, rest, writer=writer, details=details)
    async with aclosing(items):
        whole = await collect(items)
    return JsonReply(writer.answer(whole, details()))


def head_of(exchange: Exchange, query: Query) -> Head:
    """What every object of this answer repeats."""
    return Head(
        id=query.id,
        created=int(exchange.created_s),
        model=query.model,
        generation=exchange.generation or 0,
    )


def wants_usage(asked: GenerationRequest) -> bool:
    """Whether a stream ends with the tokens used."""
    return bool(asked.stream_options and asked.stream_options.include_usage)


async def _with_images(query: Query, exchange: Exchange) -> Query:
    return query if exchange.images is None else await exchange.images.brought(query)


def _wishing(query: Query, wishes: Wishes, limits: Limits) -> Query:
    return replace(
        query,
        limits=limits,
        max_wait_s=wishes.max_wait_s,
        order=wishes.order,
        is_fresh=wishes.is_fresh,
    )


def _nested_ignored(asked: CallerRequest) -> tuple[str, ...]:
    found: tuple[str, ...] = ()
    options = asked.stream_options if isinstance(asked, GenerationRequest) else None
    if options is not None and options.include_obfuscation:
        found += ("stream_options.include_obfuscation",)
    return found + left_aside(asked) if isinstance(asked, ChatRequest) else found
