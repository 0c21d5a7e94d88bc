"""`kind: self_moa`: samples of the router's best expert, and one answer written from them.

Source: Self-MoA, Li 2025, arXiv:2502.00674. Ours: the best expert is the router's for each request
(*routed Self-MoA*), and what becomes of candidates that an aggregator's context cannot hold
(`fitting_in`).
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

from orchestrator.compositions.aggregating import aggregation
from orchestrator.compositions.asking import Prompts
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.choosing import Choosing
from orchestrator.compositions.closing import answering, closed_by, no_answer
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.recalled import recalled
from orchestrator.compositions.stages import StageDone, failures_of, told
from orchestrator.compositions.staging import Ask, Staging
from orchestrator.compositions.taking import refuse_unfit, refuse_without_turns
from orchestrator.engines.base import Choice, Item, Sampling
from orchestrator.registry.compositions import SelfMoaComposition
from orchestrator.routing.limits import Limits


class SelfMoa:
    """Samples one expert, and has one write the answer.

    Args:
        composition_id: its name in the registry.
        generation: what it answers from.
        spec: its entry.
        choosing: its router, ready to be asked.
        prompts: what its aggregator is told.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        composition_id: str,
        generation: Generation,
        *,
        spec: SelfMoaComposition,
        choosing: Choosing,
        prompts: Prompts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._id = composition_id
        self._generation = generation
        self._spec = spec
        self._choosing = choosing
        self._prompts = prompts
        self._clock = clock

    async def decide(self, query: Query) -> Decision:
        """Say who would be sampled.

        Raises:
            RequestError: nobody can take the query, or the aggregator may not.
            OverloadedError: nobody is expected to answer as soon as it wants.
        """
        refuse_unfit(query, self._id)
        refuse_without_turns(query, self._id)
        bound = self._choosing.bound(query)
        if self._spec.aggregator is not None:
            self._generation.admission.check(self._spec.aggregator, _uncapped(bound))
        sampled = replace(query.sampling, n=self._spec.samples)
        return await self._choosing.decide(replace(bound, sampling=sampled))

    async def reply(self, query: Query) -> Reply:
        """Sample, then stream the answer that is written from the samples."""
        decision = await self.decide(query)
        if decision.recalled is not None:
            return recalled(decision, decision.recalled)
        stages, bound = list[StageDone](), self._choosing.bound(query)
        staging = Staging(
            self._generation, bound, composition_id=self._id, stages=stages, clock=self._clock
        )
        return answering(decision, stages, lambda reply: self._answered(reply, staging, query))

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Item, None]:
        expert = reply.decision.expert
        if self._spec.aggregator is not None:
            staging.announce(self._spec.aggregator)
        sampling = self._drawn(query.sampling)
        calls = await staging.run("samples", [Ask(expert=expert, sampling=sampling, is_free=True)])
        found = [choice for call in calls for choice in call.choices if choice.text.strip()]
        if len(found) < self._spec.min_answers:
            raise no_answer(self._id, calls, num=len(found), least=self._spec.min_answers)
        reply.decision = replace(reply.decision, failed=failures_of(calls))
        if len(found) == 1 and query.structure is None:
            yield told(found[0], staging.usage)
            return
        asks = await self._asks(staging, query, expert, found)
        closing = closed_by(reply, staging, "synthesis", asks, best=(expert, found[0]))
        async for item in closing:
            yield item

    async def _asks(
        self, staging: Staging, query: Query, expert: str, found: Sequence[Choice]
    ) -> list[Ask]:
        aggregator = self._spec.aggregator or expert
        return await aggregation(
            staging,
            query,
            [choice.text for choice in found],
            aggregator=aggregator,
            prompts=self._prompts,
            room=self._generation.admission.room(aggregator, query.sampling),
            overflow=self._spec.overflow,
        )

    def _drawn(self, sampling: Sampling) -> Sampling:
        """What is for the last answer alone (`stop`, log-probabilities) is not asked of samples."""
        return replace(
            sampling,
            n=self._spec.samples,
            temperature=self._spec.temperature,
            stop=(),
            top_logprobs=None,
        )


def _uncapped(query: Query) -> Query:
    """What it may cost is looked at when it is asked, with what is left then."""
    limits = Limits(include=query.limits.include, exclude=query.limits.exclude)
    return replace(query, limits=limits)
