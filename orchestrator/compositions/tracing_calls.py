"""Spans of calls and stages, told in the terms of OpenTelemetry's conventions for models.

No word of a prompt or an answer is in them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.compositions.base import Decision, Query
from orchestrator.compositions.stages import CallDone, usage_of
from orchestrator.engines.base import Call, Chat, Chunk, Item, Usage
from orchestrator.engines.embedding import AnyCall, EmbedCall, Vectors
from orchestrator.engines.notices import Notice
from orchestrator.engines.streams import reading
from orchestrator.errors import OrchestratorError
from orchestrator.tracing.exporting import NAME
from orchestrator.tracing.spans import Attributes, Span, Value


async def traced(
    generate: Callable[[Call], AsyncIterator[Item]],
    call: Call,
    *,
    parent: Span,
    clock: Callable[[], float],
) -> AsyncGenerator[Item, None]:
    """Pass the answer to one call of an expert on, with a span of its own; closing it closes both.

    Args:
        generate: sends it.
        call: as it is sent, but for the span that it goes on with elsewhere.
        parent: the stage or request that it is a piece of.
        clock: seconds, monotonic.
    """
    operation = "chat" if isinstance(call.prompt, Chat) else "text_completion"
    span = parent.child(f"{operation} {call.expert}", is_call=True)
    span.tell({"gen_ai.operation.name": operation, **_asked(call)})
    seen, ending, error, began_s = _Seen(), "cancelled", None, clock()
    try:
        async with reading(generate(replace(call, traceparent=span.traceparent))) as answer:
            async for item in answer:
                seen.add(item, clock() - began_s)
                yield item
        ending = "done"
    except OrchestratorError as exc:
        ending = error = exc.code
        raise
    finally:
        answered = {} if seen.first_s is None else {"gen_ai.response.model": call.expert}
        span.tell({"orchestrator.ending": ending, **answered, **seen.told()})
        span.end(error=error)


async def traced_vectors(
    embed: Callable[[EmbedCall], Awaitable[Vectors]], call: EmbedCall, *, parent: Span
) -> Vectors:
    """Have one call of an expert for vectors answered, with a span of its own.

    Args:
        embed: sends it; its vectors have their price.
        call: as it is sent, but for the span that it goes on with elsewhere.
        parent: the request that it is a piece of.
    """
    span = parent.child(f"embeddings {call.expert}", is_call=True)
    span.tell(_asked_of_vectors(call))
    ending, error = "cancelled", None
    try:
        vectors = await embed(replace(call, traceparent=span.traceparent))
        ending = "done"
        span.tell(_told_of_vectors(vectors, expert=call.expert))
        return vectors
    except OrchestratorError as exc:
        ending = error = exc.code
        raise
    finally:
        span.tell({"orchestrator.ending": ending})
        span.end(error=error)


def told_route(span: Span, decision: Decision) -> None:
    """Record the choice of a router as a piece of `span`, now that it is made."""
    if not span.is_recorded:
        return
    route = decision.route
    told: dict[str, Value] = {
        "orchestrator.composition": decision.composition or "",
        "orchestrator.router": decision.router or "",
        "orchestrator.expert": decision.expert,
        "orchestrator.chosen_by": (route.chosen_by if route else None) or decision.router or "",
    }
    span.past("route", took_s=decision.routing_s, attributes=told)


def within(query: Query, span: Span) -> Query:
    """`query` as a piece of `span`."""
    if query.course is None or not span.is_recorded:
        return query
    return replace(query, course=replace(query.course, span=span))


def end_stage(span: Span, calls: Sequence[CallDone], *, composition_id: str) -> None:
    """End a stage's span: who was asked, and how often one way or another."""
    if not span.is_recorded:
        return
    span.tell(
        {
            "orchestrator.composition": composition_id,
            "orchestrator.experts": list(dict.fromkeys(call.expert for call in calls)),
            "orchestrator.num_calls": len(calls),
            "orchestrator.num_failed": sum(call.error is not None for call in calls),
            "orchestrator.num_cancelled": sum(call.ending == "cancelled" for call in calls),
            **totals_of(usage_of(calls)),
        }
    )
    span.end()


def end_inner(span: Span, done: Callable[[], CallDone]) -> None:
    """End the span of a call of a composition inside another one."""
    if not span.is_recorded:
        return
    call = done()
    span.tell(
        {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": call.expert,
            "orchestrator.ending": call.ending,
            **(totals_of(call.usage) if call.usage is not None else {}),
        }
    )
    span.end(error=None if call.error is None else call.error.code)


def totals_of(usage: Usage) -> dict[str, Value]:
    """Tokens and cost of several calls; by names of our own, as backends sum those of calls."""
    told: dict[str, Value] = {
        "orchestrator.input_tokens": usage.prompt_tokens,
        "orchestrator.output_tokens": usage.completion_tokens,
    }
    if usage.cost_usd is not None:
        told["orchestrator.cost_usd"] = usage.cost_usd
    return told


def _told_of(usage: Usage) -> dict[str, Value]:
    """Tokens and cost of one call; the cost where it is known."""
    told: dict[str, Value] = {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
    }
    if usage.cached_tokens:
        told["gen_ai.usage.cache_read.input_tokens"] = usage.cached_tokens
    if usage.reasoning_tokens:
        told["gen_ai.usage.reasoning.output_tokens"] = usage.reasoning_tokens
    if usage.cost_usd is not None:
        told["orchestrator.cost_usd"] = usage.cost_usd
    return told


@dataclass(slots=True)
class _Seen:
    """What is known of an answer by now."""

    usage: Usage | None = None
    finish_reasons: dict[int, str] = field(default_factory=dict)
    first_s: float | None = None
    waited_s: float = 0.0

    def add(self, item: Item, took_s: float) -> None:
        if isinstance(item, Notice):
            self.waited_s = max(self.waited_s, item.waited_s)
        if not isinstance(item, Chunk):
            return
        if self.first_s is None:
            self.first_s = took_s
        self.usage = item.usage or item.used or self.usage
        for delta in item.deltas:
            if delta.finish_reason is not None:
                self.finish_reasons[delta.index] = delta.finish_reason

    def told(self) -> Attributes:
        told = {} if self.usage is None else _told_of(self.usage)
        if self.finish_reasons:
            told["gen_ai.response.finish_reasons"] = [
                reason for _, reason in sorted(self.finish_reasons.items())
            ]
        if self.first_s is not None:
            told["gen_ai.response.time_to_first_chunk"] = self.first_s
        if self.waited_s:
            told["orchestrator.waited_s"] = self.waited_s
        return told


def _asked(call: Call) -> dict[str, Value]:
    sampling = call.sampling
    known: dict[str, Value | None] = {
        **_named(call),
        "gen_ai.request.temperature": sampling.temperature,
        "gen_ai.request.top_p": sampling.top_p,
        "gen_ai.request.max_tokens": sampling.max_tokens,
        "gen_ai.request.seed": sampling.seed,
        "gen_ai.request.choice.count": sampling.n if sampling.n > 1 else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _asked_of_vectors(call: EmbedCall) -> dict[str, Value]:
    told = {
        "gen_ai.operation.name": "embeddings",
        **_named(call),
        "orchestrator.num_inputs": len(call.inputs),
    }
    if call.dimensions is not None:
        told["gen_ai.embeddings.dimension.count"] = call.dimensions
    return told


def _told_of_vectors(vectors: Vectors, *, expert: str) -> dict[str, Value]:
    told: dict[str, Value] = {
        "gen_ai.response.model": expert,
        "gen_ai.usage.input_tokens": vectors.num_tokens,
    }
    if vectors.cost_usd is not None:
        told["orchestrator.cost_usd"] = vectors.cost_usd
    waited_s = max((notice.waited_s for notice in vectors.notices), default=0.0)
    return told | ({"orchestrator.waited_s": waited_s} if waited_s else {})


def _named(call: AnyCall) -> dict[str, Value]:
    """What every call says of itself; who provides all models here is this service."""
    return {
        "gen_ai.provider.name": NAME,
        "gen_ai.request.model": call.expert,
        "orchestrator.call_id": call.id,
        "orchestrator.generation": call.generation,
    }
