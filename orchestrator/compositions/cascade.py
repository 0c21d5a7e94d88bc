"""`kind: cascade`: cheap experts first, a strong one where their answers do not agree.

Source: cascade by consistency, Yue 2023, arXiv:2310.03094. Ours: samples of several cheap experts
count together, and calls that cannot change the verdict any more are ended.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.closing import closed_by
from orchestrator.compositions.program import StagedProgram
from orchestrator.compositions.progress import Told
from orchestrator.compositions.stages import CallDone, failures_of, told
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.voting import agreed, samples_of, winner
from orchestrator.engines.base import Sampling
from orchestrator.registry.compositions import CascadeComposition


class Cascade(StagedProgram[CascadeComposition]):
    """Asks its cheap experts, and its strong one where they are not sure."""

    takes_text = True

    async def _decided(self, query: Query) -> Decision:
        """The cheap experts that can take the query; where none can, the strong one answers."""
        able = self._able(replace(query, sampling=self._drawn(query.sampling)))
        if not able and (refusal := self.why_not(self.spec.strong, query)) is not None:
            raise refusal
        first = able[0] if able else self.spec.strong
        expert = self.generation.registry.expert(first)
        filled = {} if expert is None else self.generation.filled_in(query.sampling, expert)
        return Decision(
            expert=first,
            generation=self.generation.number,
            composition=self.id,
            team=able,
            fallbacks=(self.spec.strong,) if able else (),
            defaults=filled,
        )

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        spec, cheap = self.spec, reply.decision.team
        calls: Sequence[CallDone] = ()
        if cheap:
            drawn = self._drawn(query.sampling)
            asks = [ask for name in cheap for ask in staging.asks(name, drawn)]
            calls = await staging.run(
                "cheap", asks, is_enough=lambda seen: self._verdict(seen, len(cheap)) is not None
            )
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

    def _verdict(self, calls: Sequence[CallDone], num_asked: int) -> bool | None:
        """Whether the cheap answers agree; `None` while those still to come decide."""
        return agreed(
            samples_of(calls, self.spec.answers),
            num_left=sum(call.num_open for call in calls),
            num_asked=num_asked * self.spec.samples,
            tau=self.spec.tau,
        )

    def _able(self, drawn: Query) -> tuple[str, ...]:
        """The cheap experts that can and may take a query together, within its caps."""
        able, limits = list[str](), drawn.limits
        for name in self.spec.cheap:
            if self.why_not(name, replace(drawn, limits=limits)) is None:
                able.append(name)
                if name not in self.generation.programs:
                    most = self.generation.most(name, drawn)
                    limits = limits.after(price_usd=most.price_usd, energy_j=most.energy_j)
        return tuple(able)

    def _drawn(self, sampling: Sampling) -> Sampling:
        if self.spec.samples == 1:
            return sampling
        return replace(sampling, n=self.spec.samples, temperature=self.spec.temperature)
