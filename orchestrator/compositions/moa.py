"""`kind: moa`: several propose, layer by layer, and one writes the answer.

Source: Mixture-of-Agents, Wang 2024, arXiv:2406.04692; its *two layers* are one of proposers and
the aggregator, here `layers: 1`. Ours: proposers may be the router's best, and those that it
expects to be well behind its best do not take part, since weaker proposals harm a synthesis
(Li 2025, arXiv:2502.00674).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from orchestrator.compositions.affording import has_left, with_fewer
from orchestrator.compositions.asking import asked
from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.closing import closed_by
from orchestrator.compositions.fitting_in import fitted
from orchestrator.compositions.program import StagedProgram
from orchestrator.compositions.progress import Told
from orchestrator.compositions.proposing import proposed
from orchestrator.compositions.stages import failures_of
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.synthesis import (
    Answer,
    Merging,
    answers_of,
    enough_of,
    merged,
    team_asks,
)
from orchestrator.compositions.team import mixable, team_of
from orchestrator.engines.base import Chat
from orchestrator.registry.composition_moa import MoaComposition


class Moa(StagedProgram[MoaComposition]):
    """Has those propose that its entry names, or whom its router finds best."""

    async def _decided(self, query: Query) -> Decision:
        if self.spec.aggregator is not None:
            self.check(self.spec.aggregator, query)
        if self.spec.proposers:
            return proposed(self, query, self.spec.proposers)
        return await self._routed(query)

    async def _routed(self, query: Query) -> Decision:
        """The router's best, as many as are to be mixed."""
        decision = await self.choosing.decide(query)
        assert decision.route is not None, "a router chose"
        assert decision.allowed is not None, "it chose among candidates"
        route = mixable(decision.route, most=self.spec.experts, max_gap_points=self.spec.mix_within)
        expert = self.generation.registry.expert(route.chosen[0])
        assert expert is not None, "candidates are experts of the registry"
        return replace(
            decision,
            expert=expert.id,
            route=route,
            team=team_of(route, decision.allowed),
            defaults=self.generation.filled_in(query.sampling, expert),
        )

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        team = reply.decision.team or (reply.decision.expert,)
        if len(team) == 1:
            only = [Ask(expert=team[0], sampling=query.sampling)]
            async for item in closed_by(reply, staging, "answer", only, best=None):
                yield item
            return
        staging.announce(self.spec.aggregator or team[0])
        found = await self._proposed(staging, query, team)
        reply.decision = replace(reply.decision, failed=failures_of(staging.calls))
        by = Merging(
            aggregator=self.spec.aggregator or found[0].author, overflow=self.spec.overflow
        )
        async for item in merged(self, reply, staging, query, found, by=by):
            yield item

    async def _proposed(
        self, staging: Staging, query: Query, team: Sequence[str]
    ) -> tuple[Answer, ...]:
        """What the last layer wrote that came to enough answers; the first one has to."""
        asks = self._asks(staging, query, team)
        calls = await staging.run("proposals", [with_fewer(staging, ask) for ask in asks])
        found = enough_of(calls, composition_id=self.id, least=self.spec.min_answers)
        for _ in range(self.spec.layers - 1):
            asks = self._asks(staging, query, team, former=found)
            last = self._read_by(query, found, self.spec.aggregator or found[0].author)
            if not has_left(self.generation, staging, query, [*asks, last]):
                break
            better = answers_of(await staging.run("proposals", asks))
            if len(better) < self.spec.min_answers:
                break
            found = better
        return found

    def _asks(
        self,
        staging: Staging,
        query: Query,
        team: Sequence[str],
        *,
        former: Sequence[Answer] = (),
    ) -> list[Ask]:
        """A layer's calls; those of a later layer read what the former wrote."""
        temperature = self.spec.temperature
        sampling = replace(query.sampling, temperature=temperature)
        asks = team_asks(staging, team, sampling, temperature=temperature)
        if not former:
            return asks
        return [
            replace(ask, prompt=reading.prompt, num_dropped=reading.num_dropped)
            for ask in asks
            for reading in [self._read_by(query, former, ask.expert)]
        ]

    def _read_by(self, query: Query, former: Sequence[Answer], model: str) -> Ask:
        """The call in which `model` reads what its context has room for of a layer's answers."""
        chat, template = query.prompt, self.prompts["synthesise"]
        assert isinstance(chat, Chat), "others are refused before anybody is asked"
        texts = [one.choice.text for one in former]
        put = fitted(
            texts,
            lambda candidates: asked(chat, template, candidates=candidates),
            room=self.generation.room(model, query.sampling),
        )
        return Ask(
            expert=model,
            sampling=query.sampling,
            prompt=put.prompt,
            num_dropped=len(texts) - len(put.kept),
        )
