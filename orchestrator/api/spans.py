"""The span of a request, told when it is over."""

from __future__ import annotations

from orchestrator.api.exchange import Exchange
from orchestrator.compositions.base import Decision
from orchestrator.compositions.tracing_calls import totals_of
from orchestrator.events.telling import ids
from orchestrator.tracing.spans import Value

#: From here on the fault is ours.
_SERVER_ERROR = 500


def end_span(exchange: Exchange, *, method: str) -> None:
    """End it, with what the decision record says; a fault of the caller's is no error of it."""
    span, usage = exchange.span, exchange.usage
    if not span.is_recorded:
        return
    known: dict[str, Value | None] = {
        "http.request.method": method,
        "http.route": exchange.endpoint,
        "http.response.status_code": exchange.status or None,
        "error.type": exchange.error_code,
        "gen_ai.request.stream": exchange.is_streamed,
        "orchestrator.request_id": exchange.request_id,
        "orchestrator.batch": exchange.batch,
        "orchestrator.line": ids().get("line"),
        "orchestrator.model": exchange.model[:128],
        "orchestrator.generation": exchange.generation,
        "orchestrator.time_to_first_chunk": exchange.first_token_s,
        "orchestrator.reached": list(exchange.reached) or None,
    }
    known |= _decided(exchange.decision)
    known |= {} if usage is None else totals_of(usage)
    span.tell({name: value for name, value in known.items() if value is not None})
    span.end(error=exchange.error_code if exchange.status >= _SERVER_ERROR else None)


def _decided(decision: Decision | None) -> dict[str, Value | None]:
    if decision is None:
        return {}
    return {
        "orchestrator.expert": decision.answered_by,
        "orchestrator.composition": decision.composition,
        "orchestrator.router": decision.router,
        "orchestrator.routing_s": decision.routing_s,
        "orchestrator.failed": [f"{name}={code}" for name, code in decision.failed.items()] or None,
    }
