"""`kind: cascade`: cheap experts first, a strong one where they are not sure.

Source: cascade by consistency, Yue 2023, arXiv:2310.03094. Ours: samples of several cheap experts
count together, calls that cannot change the verdict any more are ended, and the strong one may be
a cascade itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from orchestrator.compositions.asks import Ask
from orchestrator.compositions.bar import Bar, telling
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.closing import closed_by
from orchestrator.compositions.escalating import Escalating
from orchestrator.compositions.program import Setting, StagedProgram
from orchestrator.compositions.progress import Told
from orchestrator.compositions.proposing import able
from orchestrator.compositions.stages import failures_of, told
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.trying import Tried, tried
from orchestrator.compositions.voting import Sample
from orchestrator.engines.base import Chat, Sampling
from orchestrator.registry.composition_cascade import CascadeComposition


class Cascade(StagedProgram[CascadeComposition]):
    """Asks its cheap experts, and its strong one where they are not sure.

    Args:
        spec: its entry.
        setting: what else it is built of.
        tau: what an answer has to reach, the entry's or that of its artifact.
    """

    takes_text = True

    def __init__(self, spec: CascadeComposition, setting: Setting, *, tau: float) -> None:
        super().__init__(spec, setting)
        self._tau = tau
        self._escalating = Escalating(spec, self.prompts, self.generation)

    async def _decided(self, query: Query) -> Decision:
        """The cheap experts that can take the query; where none can, the strong one answers."""
        drawn = replace(query, sampling=self._drawn(query.sampling))
        cheap = able(self, drawn, self.spec.cheap)
        if not cheap and (refusal := self.why_not(self.spec.strong, query)) is not None:
            raise refusal
        first = cheap[0] if cheap else self.spec.strong
        expert = self.generation.registry.expert(first)
        filled = {} if expert is None else self.generation.filled_in(query.sampling, expert)
        return Decision(
            expert=first,
            generation=self.generation.number,
            composition=self.id,
            team=cheap,
            fallbacks=(self.spec.strong,) if cheap else (),
            defaults=filled,
        )

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        cheap = await self._asked(staging, query, reply.decision.team)
        failed = failures_of(cheap.calls)
        reply.decision = replace(reply.decision, fallbacks=(), failed=failed)
        if cheap.is_sure and cheap.best is not None:
            author, choice = cheap.best
            reply.decision = replace(reply.decision, expert=author)
            yield told(choice, staging.usage)
            return
        strong = await self._strong(staging, query, cheap.samples)
        async for item in closed_by(reply, staging, "strong", strong, best=cheap.best):
            yield item

    async def _asked(self, staging: Staging, query: Query, cheap: Sequence[str]) -> Tried:
        """What the cheap experts said, and whether that will do."""
        if not cheap:
            return Tried()
        spec, drawn = self.spec, self._drawn(query.sampling)
        num_asked = len(cheap) * spec.num_samples
        return await tried(
            staging,
            "cheap",
            [ask for name in cheap for ask in staging.asks(name, drawn)],
            bar=Bar(by=spec.accept, tau=self._tau, num_asked=num_asked, answers=spec.answers),
            answers=spec.answers,
            sampling=query.sampling,
        )

    async def _strong(
        self, staging: Staging, query: Query, samples: Sequence[Sample]
    ) -> Sequence[Ask]:
        """The call that makes the answer where the cheap experts are not sure."""
        if not isinstance(query.prompt, Chat):  # a raw text has no turn to put a prompt in
            return [Ask(expert=self.spec.strong, sampling=query.sampling)]
        answers = [one.choice.text for one in samples]
        return await self._escalating.asks(staging, query, query.prompt, answers=answers)

    def _drawn(self, sampling: Sampling) -> Sampling:
        """How cheap experts are drawn; where their words decide, they tell how likely those are."""
        if self.spec.accept == "confidence":
            return telling(sampling)
        if self.spec.num_samples == 1:
            return sampling
        return replace(sampling, n=self.spec.num_samples, temperature=self.spec.temperature)
