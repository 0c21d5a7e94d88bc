"""`kind: self_moa_seq`: any number of samples of the router's expert, merged a window at a time.

Source: Self-MoA-Seq, Li 2025, arXiv:2502.00674: of six slots three repeat the synthesis so far and
three hold new samples. Ours: the expert is the router's for each request, all samples are drawn in
one request before the first step, fewer where caps allow no more, and where a step gives nothing
the synthesis so far is the answer.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from orchestrator.compositions.affording import with_fewer
from orchestrator.compositions.aggregating import aggregation
from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.program import StagedProgram
from orchestrator.compositions.progress import Told
from orchestrator.compositions.stages import failures_of, told
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.synthesis import (
    STAGE,
    Answer,
    Merging,
    answers_of,
    ended_at,
    enough_of,
    freely,
    merged,
)
from orchestrator.errors import ContextTooLongError, EngineProtocolError
from orchestrator.registry.composition_moa import SelfMoaSeqComposition
from routers.windows import Step, steps


class SelfMoaSeq(StagedProgram[SelfMoaSeqComposition]):
    """Samples one expert, and has one write the answer anew with each window of samples."""

    async def _decided(self, query: Query) -> Decision:
        if self.spec.aggregator is not None:
            self.check(self.spec.aggregator, query)
        return await self.choosing.decide(query)

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        by = Merging(
            aggregator=self.spec.aggregator or reply.decision.expert, overflow=self.spec.overflow
        )
        staging.announce(by.aggregator)
        samples = await self._samples(reply, staging, query)
        *before, last = steps(len(samples), window=self.spec.window, carried=self.spec.slots)
        latest: Answer | None = None
        for step in before:
            made = await self._step(_window(step, samples, latest), staging, query, by=by)
            if isinstance(made, str):
                best = latest or samples[0]
                failed = {**reply.decision.failed, by.aggregator: made}
                reply.decision = replace(reply.decision, expert=best.author, failed=failed)
                yield told(ended_at(best.choice, query.sampling.stop), staging.usage)
                return
            latest = made
        window = _window(last, samples, latest)
        async for item in merged(self, reply, staging, query, window, by=by):
            yield item

    async def _samples(self, reply: Reply, staging: Staging, query: Query) -> tuple[Answer, ...]:
        sampling = replace(
            freely(query.sampling), n=self.spec.samples, temperature=self.spec.temperature
        )
        whole = Ask(expert=reply.decision.expert, sampling=sampling, is_free=True)
        calls = await staging.run("samples", [with_fewer(staging, whole)])
        found = enough_of(calls, composition_id=self.id, least=self.spec.min_answers)
        reply.decision = replace(reply.decision, failed=failures_of(calls))
        return found

    async def _step(
        self, window: Sequence[Answer], staging: Staging, query: Query, *, by: Merging
    ) -> Answer | str:
        """What the aggregator makes of a window; the code of why it makes nothing."""
        texts = [one.choice.text for one in window]
        free = replace(query, sampling=freely(query.sampling))
        asks = await aggregation(
            self, staging, free, texts, aggregator=by.aggregator, overflow=by.overflow
        )
        code = EngineProtocolError.code
        for ask in asks:
            calls = await staging.run(STAGE, [replace(ask, is_free=True)])
            if found := answers_of(calls):
                return found[0]
            error = calls[0].error
            code = code if error is None else error.code
            if not isinstance(error, ContextTooLongError):
                break
        return code


def _window(step: Step, samples: Sequence[Answer], latest: Answer | None) -> list[Answer]:
    """The candidates of one step: what was written so far, then the samples it reads first."""
    fresh = [samples[at] for at in step.samples]
    return [latest] * step.num_carried + fresh if latest is not None else fresh
