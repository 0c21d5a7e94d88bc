"""What remains of a request when it is over: its record, its metrics, its log line."""

from __future__ import annotations

import logging
import platform

import orchestrator
from orchestrator import metrics
from orchestrator.api.details import recorded
from orchestrator.api.exchange import Exchange
from orchestrator.api.spans import end_span
from orchestrator.api.tally import Tally
from orchestrator.compositions.base import Decision
from orchestrator.events.telling import tell
from orchestrator.store.records import DecisionRecord, Records

log = logging.getLogger(__name__)

#: Asked every few seconds by machines: logged at debug level only.
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


class Accounts:
    """Closes the books on each request, once."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._tally = Tally()
        metrics.BUILD.labels(orchestrator.__version__, platform.python_version()).set(1)

    def settle(self, exchange: Exchange, *, method: str, path: str) -> None:
        """Record, count and log a request that has ended."""
        if exchange.reply is not None:
            exchange.decision = exchange.reply.told  # of a stream another may have ended it
        duration_s = exchange.elapsed_s()
        overhead_ms = exchange.overhead_ms()
        end_span(exchange, method=method)
        if exchange.is_recorded:
            self._records.put(_record(exchange, duration_s * 1000, overhead_ms))
        self._tally.count(exchange, duration_s=duration_s, overhead_s=overhead_ms / 1000)
        level = logging.DEBUG if exchange.endpoint in _PROBES else logging.INFO
        if log.isEnabledFor(level):
            tell(
                log,
                "request",
                level,
                **_told(exchange, f"{method} {path[:200]}", duration_s, overhead_ms),
            )


def _record(exchange: Exchange, duration_ms: float, overhead_ms: float) -> DecisionRecord:
    decision, usage = exchange.decision, exchange.usage
    route = decision.route if decision else None
    first_s = exchange.first_token_s
    return DecisionRecord(
        request_id=exchange.request_id,
        trace_id=exchange.span.trace_id,
        created_s=exchange.created_s,
        endpoint=exchange.endpoint,
        model=exchange.model,
        expert=decision.answered_by if decision else None,
        is_recalled=decision is not None and decision.recalled is not None,
        cached=exchange.cache.kind if exchange.cache else None,
        composition=decision.composition if decision else None,
        router=decision.router if decision else None,
        router_version=decision.router_version if decision else None,
        generation=exchange.generation or 0,
        chosen_by=route.chosen_by if route else None,
        category=route.category if route else None,
        skills=list(route.skills) if route else [],
        entropy=route.entropy if route else None,
        scores=dict(route.scores) if route else {},
        is_fallback=route.is_fallback if route else False,
        needs_generation=route.needs_generation if route else False,
        failed=dict(decision.failed) if decision else {},
        num_continued=decision.num_continued if decision else 0,
        compared=dict(route.compared) if route else {},
        is_streamed=exchange.is_streamed,
        status=exchange.status,
        error_code=exchange.error_code,
        prompt_tokens=usage.prompt_tokens if usage else 0,
        completion_tokens=usage.completion_tokens if usage else 0,
        cost_usd=usage.cost_usd if usage else None,
        stages=[recorded(stage) for stage in exchange.stages],
        reached=list(exchange.reached),
        duration_ms=duration_ms,
        first_token_ms=None if first_s is None else first_s * 1000,
        waited_ms=_waited_ms(exchange),
        overhead_ms=overhead_ms,
        key_id=exchange.caller.key_id,
        owner=exchange.caller.owner,
        user=exchange.user,
        metadata=dict(exchange.metadata),
    )


def _waited_ms(exchange: Exchange) -> float:
    return 0.0 if exchange.waited is None else exchange.waited.waited_s * 1000


def _told(
    exchange: Exchange, request: str, duration_s: float, overhead_ms: float
) -> dict[str, object]:
    """The fields of its event, without a word of the prompt."""
    decision, usage = exchange.decision, exchange.usage
    return {
        "request_id": exchange.request_id,
        **({} if exchange.span.trace_id is None else {"trace_id": exchange.span.trace_id}),
        "request": request,
        **({"key": exchange.caller.key_id} if exchange.caller.key_id else {}),
        "status": exchange.status,
        "error_code": exchange.error_code,
        "duration_ms": round(duration_s * 1000, 3),
        "overhead_ms": round(overhead_ms, 3),
        "waited_ms": round(_waited_ms(exchange), 3),
        "model": exchange.model[:128],
        "expert": decision.answered_by if decision else None,
        "is_recalled": decision is not None and decision.recalled is not None,
        **({} if exchange.cache is None else {"cache": exchange.cache.told}),
        **_routed(decision),
        **_staged(exchange),
        **({"failed": dict(decision.failed)} if decision and decision.failed else {}),
        "generation": exchange.generation,
        "is_streamed": exchange.is_streamed,
        "prompt_tokens": usage.prompt_tokens if usage else 0,
        "completion_tokens": usage.completion_tokens if usage else 0,
        "cost_usd": usage.cost_usd if usage else None,
    }


def _routed(decision: Decision | None) -> dict[str, object]:
    """What of a router's choice is worth a line of the log; nothing where none was asked."""
    if decision is None or decision.route is None:
        return {}
    route = decision.route
    line: dict[str, object] = {"router": decision.router, "chosen_by": route.chosen_by}
    return line | ({"compared": dict(route.compared)} if route.compared else {})


def _staged(exchange: Exchange) -> dict[str, object]:
    """Stages, their experts and caps that were met; nothing of a request of one call."""
    if not exchange.stages:
        return {}
    told = [[stage.name, [call.expert for call in stage.calls]] for stage in exchange.stages]
    return {"stages": told} | ({"reached": list(exchange.reached)} if exchange.reached else {})
