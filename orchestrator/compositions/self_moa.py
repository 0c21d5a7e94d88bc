"""`kind: self_moa`: samples of the router's best expert, and one answer written from them.

Source: Self-MoA, Li 2025, arXiv:2502.00674. Ours: the best expert is the router's for each request
(*routed Self-MoA*), and what becomes of candidates that an aggregator's context cannot hold
(`fitting_in`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from orchestrator.compositions.aggregating import aggregation
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.closing import closed_by, no_answer
from orchestrator.compositions.program import StagedProgram
from orchestrator.compositions.progress import Told
from orchestrator.compositions.stages import failures_of, told
from orchestrator.compositions.staging import Staging
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
        found = [choice for call in calls for choice in call.choices if choice.text.strip()]
        if len(found) < self.spec.min_answers:
            raise no_answer(self.id, calls, num=len(found), least=self.spec.min_answers)
        reply.decision = replace(reply.decision, failed=failures_of(calls))
        if len(found) == 1 and query.structure is None:
            yield told(found[0], staging.usage)
            return
        last = await aggregation(
            self,
            staging,
            query,
            [choice.text for choice in found],
            aggregator=self.spec.aggregator or expert,
            overflow=self.spec.overflow,
        )
        async for item in closed_by(reply, staging, "synthesis", last, best=(expert, found[0])):
            yield item

    def _drawn(self, sampling: Sampling) -> Sampling:
        """What is for the last answer alone (`stop`, log-probabilities) is not asked of samples."""
        return replace(
            sampling,
            n=self.spec.samples,
            temperature=self.spec.temperature,
            stop=(),
            top_logprobs=None,
        )
