"""Count ended requests in the metrics of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

from orchestrator import metrics
from orchestrator.api.exchange import Exchange
from orchestrator.compositions.base import Decision
from orchestrator.compositions.stages import StageDone, expert_calls_of
from orchestrator.engines.base import Usage


class Tally:
    """Keeps the labelled children of each metric: finding one costs more than counting in it.

    Labels come from the registry and the route table only, so that their number is bounded.
    """

    def __init__(self) -> None:
        self._counters: dict[tuple[Counter, tuple[str, ...]], Counter] = {}
        self._histograms: dict[tuple[Histogram, str], Histogram] = {}

    def count(self, exchange: Exchange, *, duration_s: float, overhead_s: float) -> None:
        """Count one request that has ended."""
        endpoint, decision = exchange.endpoint, exchange.decision
        # Names that callers invent would grow the metric without bound.
        model = exchange.model if exchange.is_known_model else ""
        expert = (decision.answered_by or "") if decision else ""
        self._add(metrics.REQUESTS, (endpoint, model, expert, str(exchange.status)), 1)
        self._observe(metrics.REQUEST_SECONDS, endpoint, duration_s)
        if exchange.is_recorded:
            self._observe(metrics.OVERHEAD_SECONDS, endpoint, overhead_s)
        if exchange.first_token_s is not None:
            self._observe(metrics.FIRST_TOKEN_SECONDS, endpoint, exchange.first_token_s)
        if exchange.cache is not None:
            self._add(metrics.CACHE, (exchange.cache.outcome, exchange.cache.kind or ""), 1)
        if decision is not None:
            self._count_decided(exchange, decision)

    def _count_decided(self, exchange: Exchange, decision: Decision) -> None:
        if decision.router is not None:
            self._observe(metrics.ROUTING_SECONDS, decision.router, decision.routing_s)
            chosen_by = decision.route.chosen_by if decision.route else None
            self._add(metrics.ROUTES, (decision.router, chosen_by or decision.router), 1)
        if decision.router is not None and decision.recalled is not None:
            self._add(metrics.RECALLED, (decision.router,), 1)
        elif exchange.stages:
            self._count_staged(exchange)
        else:
            self._count_tokens(decision.expert, exchange.usage)

    def _count_staged(self, exchange: Exchange) -> None:
        for call in expert_calls_of(exchange.stages):
            self._count_tokens(call.expert, call.usage)
        self._count_stages(exchange.model, exchange.stages)
        for cap in exchange.reached:
            self._add(metrics.REACHED, (exchange.model, cap), 1)

    def _count_stages(self, composition: str, stages: Iterable[StageDone]) -> None:
        for stage in stages:
            self._add(metrics.STAGES, (composition, stage.name), 1)
            for call in stage.calls:
                self._add(metrics.STAGE_CALLS, (composition, call.ending), 1)
                self._count_stages(call.expert, call.stages)

    def _count_tokens(self, expert: str, usage: Usage | None) -> None:
        if usage is not None:
            self._add(metrics.TOKENS, (expert, "prompt"), usage.prompt_tokens)
            self._add(metrics.TOKENS, (expert, "completion"), usage.completion_tokens)
            if usage.cost_usd is not None:
                self._add(metrics.COST_USD, (expert,), usage.cost_usd)

    def _add(self, counter: Counter, labels: tuple[str, ...], amount: float) -> None:
        child = self._counters.get((counter, labels))
        if child is None:
            child = self._counters[counter, labels] = counter.labels(*labels)
        child.inc(amount)

    def _observe(self, histogram: Histogram, label: str, value: float) -> None:
        child = self._histograms.get((histogram, label))
        if child is None:
            child = self._histograms[histogram, label] = histogram.labels(label)
        child.observe(value)
