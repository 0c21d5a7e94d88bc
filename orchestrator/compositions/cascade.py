"""`kind: cascade`: cheap experts first, a strong one where their answers do not agree.

Source: cascade by consistency, Yue 2023, arXiv:2310.03094. Ours: samples of several cheap experts
count together, and calls that cannot change the verdict any more are ended.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.closing import answering, closed_by
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.stages import CallDone, StageDone, failures_of, told
from orchestrator.compositions.staging import Ask, Staging
from orchestrator.compositions.taking import refuse_unfit
from orchestrator.compositions.voting import agreed, samples_of, winner
from orchestrator.engines.base import Item, Sampling
from orchestrator.errors import OrchestratorError, OverloadedError, RequestError
from orchestrator.registry.compositions import CascadeComposition
from orchestrator.routing.limits import Limits, limits_of


class Cascade:
    """Asks its cheap experts, and its strong one where they are not sure.

    Args:
        composition_id: its name in the registry.
        generation: what it answers from.
        spec: its entry.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        composition_id: str,
        generation: Generation,
        *,
        spec: CascadeComposition,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._id = composition_id
        self._generation = generation
        self._spec = spec
        self._limits = limits_of(spec.limits)
        self._clock = clock

    async def decide(self, query: Query) -> Decision:
        """Say who would be asked first: the cheap experts that can take the query.

        Where none can, the strong one answers alone.

        Raises:
            RequestError: none of them can take it, or may.
            OverloadedError: none is expected to answer as soon as it wants.
        """
        refuse_unfit(query, self._id)
        bound = self._bound(query)
        able = self._able(replace(bound, sampling=self._drawn(query.sampling)))
        if not able:
            self._generation.admission.check(self._spec.strong, bound)
        first = able[0] if able else self._spec.strong
        expert = self._generation.registry.expert(first)
        assert expert is not None, "the registry was checked"
        return Decision(
            expert=first,
            generation=self._generation.number,
            composition=self._id,
            team=able,
            fallbacks=(self._spec.strong,) if able else (),
            defaults=self._generation.filled_in(query.sampling, expert),
        )

    async def reply(self, query: Query) -> Reply:
        """Ask the cheap experts; answer with what they agree on, or stream the strong one's."""
        decision = await self.decide(query)
        stages, bound = list[StageDone](), self._bound(query)
        staging = Staging(
            self._generation, bound, composition_id=self._id, stages=stages, clock=self._clock
        )
        return answering(decision, stages, lambda reply: self._answered(reply, staging, query))

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Item, None]:
        spec, cheap = self._spec, reply.decision.team
        calls: Sequence[CallDone] = ()
        if cheap:
            asks = [Ask(expert=name, sampling=self._drawn(query.sampling)) for name in cheap]
            calls = await staging.run("cheap", asks, is_enough=self._is_enough(len(cheap)))
        samples = samples_of(calls, spec.answers)
        best = winner(samples, dict.fromkeys(cheap, 1.0)) if samples else None
        reply.decision = replace(reply.decision, failed=failures_of(calls))
        if best is not None and self._verdict(calls, len(cheap)):
            reply.decision = replace(reply.decision, expert=best.expert, fallbacks=())
            yield told(best.choice, staging.usage)
            return
        reply.decision = replace(reply.decision, fallbacks=())
        strong = [Ask(expert=spec.strong, sampling=query.sampling)]
        known = None if best is None else (best.expert, best.choice)
        async for item in closed_by(reply, staging, "strong", strong, best=known):
            yield item

    def _is_enough(self, num_asked: int) -> Callable[[Sequence[CallDone]], bool]:
        return lambda calls: self._verdict(calls, num_asked) is not None

    def _verdict(self, calls: Sequence[CallDone], num_asked: int) -> bool | None:
        """Whether the cheap answers agree; `None` while those still to come decide."""
        return agreed(
            samples_of(calls, self._spec.answers),
            num_left=(num_asked - len(calls)) * self._spec.samples,
            num_asked=num_asked * self._spec.samples,
            tau=self._spec.tau,
        )

    def _able(self, drawn: Query) -> tuple[str, ...]:
        """The cheap experts that can and may take a query together, within its caps."""
        able, limits = list[str](), drawn.limits
        for name in self._spec.cheap:
            if self._why_not(name, replace(drawn, limits=limits)) is None:
                able.append(name)
                takes = self._generation.admission.expected(name, drawn)
                price_usd, energy_j = takes.price_usd or 0.0, takes.energy_j or 0.0
                limits = limits.after(price_usd=price_usd, energy_j=energy_j)
        return tuple(able)

    def _why_not(self, expert_id: str, query: Query) -> OrchestratorError | None:
        try:
            self._generation.admission.check(expert_id, query)
        except (RequestError, OverloadedError) as error:
            return error
        return None

    def _bound(self, query: Query) -> Query:
        limits: Limits = self._limits.tightened(query.limits)
        return replace(query, limits=limits)

    def _drawn(self, sampling: Sampling) -> Sampling:
        if self._spec.samples == 1:
            return sampling
        return replace(sampling, n=self._spec.samples, temperature=self._spec.temperature)
