"""What remains of a request when it is over: its record, its metrics, its log line."""

from __future__ import annotations

import logging

import orjson

from orchestrator import metrics
from orchestrator.api.exchange import Exchange
from orchestrator.store.records import DecisionRecord, Records

log = logging.getLogger(__name__)

#: Asked every few seconds by machines: logged at debug level only.
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


class Accounts:
    """Closes the books on each request, once."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def settle(self, exchange: Exchange, *, method: str, path: str) -> None:
        """Record, count and log a request that has ended."""
        duration_s = exchange.elapsed_s()
        overhead_ms = exchange.overhead_ms()
        if exchange.is_recorded:
            self._records.put(_record(exchange, duration_s * 1000, overhead_ms))
        _count(exchange, duration_s, overhead_ms / 1000)
        level = logging.DEBUG if exchange.endpoint in _PROBES else logging.INFO
        if log.isEnabledFor(level):
            log.log(level, "%s", _line(exchange, f"{method} {path[:200]}", duration_s, overhead_ms))


def _record(exchange: Exchange, duration_ms: float, overhead_ms: float) -> DecisionRecord:
    decision, usage = exchange.decision, exchange.usage
    route = decision.route if decision else None
    first_s = exchange.first_token_s
    return DecisionRecord(
        request_id=exchange.request_id,
        created_s=exchange.created_s,
        endpoint=exchange.endpoint,
        model=exchange.model,
        expert=decision.expert if decision else None,
        composition=decision.composition if decision else None,
        router=decision.router if decision else None,
        router_version=decision.router_version if decision else None,
        generation=exchange.generation or 0,
        category=route.category if route else None,
        entropy=route.entropy if route else None,
        scores=dict(route.scores) if route else {},
        is_fallback=route.is_fallback if route else False,
        is_streamed=exchange.is_streamed,
        status=exchange.status,
        error_code=exchange.error_code,
        prompt_tokens=usage.prompt_tokens if usage else 0,
        completion_tokens=usage.completion_tokens if usage else 0,
        duration_ms=duration_ms,
        first_token_ms=None if first_s is None else first_s * 1000,
        overhead_ms=overhead_ms,
        user=exchange.user,
        metadata=dict(exchange.metadata),
    )


def _count(exchange: Exchange, duration_s: float, overhead_s: float) -> None:
    endpoint, decision, usage = exchange.endpoint, exchange.decision, exchange.usage
    expert = decision.expert if decision else ""
    # Names that callers invent would grow the metric without bound.
    model = exchange.model if exchange.is_known_model else ""
    metrics.REQUESTS.labels(endpoint, model, expert, str(exchange.status)).inc()
    metrics.REQUEST_SECONDS.labels(endpoint).observe(duration_s)
    if not exchange.is_recorded:
        return
    metrics.OVERHEAD_SECONDS.labels(endpoint).observe(overhead_s)
    if exchange.first_token_s is not None:
        metrics.FIRST_TOKEN_SECONDS.labels(endpoint).observe(exchange.first_token_s)
    if decision is not None and decision.router is not None:
        metrics.ROUTING_SECONDS.labels(decision.router).observe(decision.routing_s)
    if usage is not None:
        metrics.TOKENS.labels(expert, "prompt").inc(usage.prompt_tokens)
        metrics.TOKENS.labels(expert, "completion").inc(usage.completion_tokens)


def _line(exchange: Exchange, request: str, duration_s: float, overhead_ms: float) -> str:
    """One JSON object, without a word of the prompt."""
    decision, usage = exchange.decision, exchange.usage
    line = {
        "action": "request",
        "request_id": exchange.request_id,
        "request": request,
        "status": exchange.status,
        "error_code": exchange.error_code,
        "duration_ms": round(duration_s * 1000, 3),
        "overhead_ms": round(overhead_ms, 3),
        "model": exchange.model[:128],
        "expert": decision.expert if decision else None,
        "generation": exchange.generation,
        "is_streamed": exchange.is_streamed,
        "prompt_tokens": usage.prompt_tokens if usage else 0,
        "completion_tokens": usage.completion_tokens if usage else 0,
    }
    return orjson.dumps(line).decode()
