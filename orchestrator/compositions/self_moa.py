"""`kind: self_moa`: samples of the router's best expert, and one answer written from them.

Source: Self-MoA, Li 2025, arXiv:2502.00674. Ours: the best expert is the router's for each request
(*routed Self-MoA*), and what becomes of candidates that an aggregator's context cannot hold
(`fitting_in`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.program import StagedProgram
from orchestrator.compositions.progress import Told
from orchestrator.compositions.stages import failures_of
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.synthesis import Merging, enough_of, freely, merged
from orchestrator.engines.base import Sampling
from orchestrator.registry.compositions import SelfMoaComposition


class SelfMoa(StagedProgram[SelfMoaComposition]):
    """Samples one expert, and has one write the answer."""

    async def _decided(self, query: Query) -> Decision:
        if self.spec.aggregator is not None:
            self.check(self.spec.aggregator, query)
        sampled = replace(query.sampling, n=self.spec.samples)
        return await self.choosing.decide(replace(query, sampling=sampled))

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        expert = reply.decision.expert
        if self.spec.aggregator is not None:
            staging.announce(self.spec.aggregator)
        asks = staging.asks(expert, self._drawn(query.sampling), is_free=True)
        calls = await staging.run("samples", asks)
        found = enough_of(calls, composition_id=self.id, least=self.spec.min_answers)
        reply.decision = replace(reply.decision, failed=failures_of(calls))
        by = Merging(aggregator=self.spec.aggregator or expert, overflow=self.spec.overflow)
        async for item in merged(self, reply, staging, query, found, by=by):
            yield item

    def _drawn(self, sampling: Sampling) -> Sampling:
        return replace(freely(sampling), n=self.spec.samples, temperature=self.spec.temperature)
