"""`kind: symbolic_moe`: experts recruited by the skills of a question, one answer of theirs.

Source: Symbolic-MoE, Chen 2025, arXiv:2503.05641. Ours: skills are named once a text and known
from then on, an expert that is recruited several times is asked once for as many answers, and an
unsure router's general expert answers alone.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from orchestrator.compositions.affording import with_fewer
from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.closing import closed_by
from orchestrator.compositions.naming import Naming, named
from orchestrator.compositions.program import StagedProgram
from orchestrator.compositions.progress import Told
from orchestrator.compositions.stages import failures_of
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.synthesis import Answer, Merging, enough_of, merged, team_asks
from orchestrator.compositions.team import recruited, team_of
from orchestrator.errors import OverloadedError, RequestError
from orchestrator.registry.composition_moa import SymbolicMoeComposition


class SymbolicMoe(StagedProgram[SymbolicMoeComposition]):
    """Has skills named that nobody knows, recruits by them, and has one expert merge."""

    async def _decided(self, query: Query) -> Decision:
        if self.spec.aggregator is not None:
            self.check(self.spec.aggregator, query)
        decision = await self.choosing.decide(query)
        assert decision.route is not None, "a router chose"
        assert decision.allowed is not None, "it chose among candidates"
        route = recruited(
            decision.route, most=self.spec.experts, max_gap_points=self.spec.mix_within
        )
        team = team_of(route, decision.allowed)
        if not team and len(route.chosen) > 1:
            team = route.chosen  # one expert, several times
        return replace(decision, team=team)

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        reply.decision = await self._with_skills(reply.decision, staging, query)
        mixing = self._mixed if len(reply.decision.team) > 1 else self._alone
        async for item in mixing(reply, staging, query):
            yield item

    async def _alone(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        [expert] = reply.decision.team or (reply.decision.expert,)
        only = [Ask(expert=expert, sampling=query.sampling)]
        async for item in closed_by(reply, staging, "answer", only, best=None):
            yield item

    async def _mixed(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        staging.announce(self._aggregator(reply.decision, query, able=reply.decision.team))
        sampling, team = query.sampling, reply.decision.team
        asks = team_asks(staging, team, sampling, temperature=self.spec.temperature)
        calls = await staging.run("answers", [with_fewer(staging, ask) for ask in asks])
        found = enough_of(calls, composition_id=self.id, least=self.spec.min_answers)
        failed = {**reply.decision.failed, **failures_of(calls)}
        reply.decision = replace(reply.decision, failed=failed)
        by = Merging(
            aggregator=self._aggregator(reply.decision, query, able=_authors(found)),
            overflow=self.spec.overflow,
            temperature=self.spec.temperature,
        )
        async for item in merged(self, reply, staging, query, found, by=by):
            yield item

    def _aggregator(self, decision: Decision, query: Query, *, able: Sequence[str]) -> str:
        """The entry's own, else whom the router names, where it may and can; else the first."""
        if self.spec.aggregator is not None:
            return self.spec.aggregator
        tested = decision.route.aggregator if decision.route else None
        if tested is None or tested in decision.failed or not self._may(tested, query):
            return able[0]
        return tested

    def _may(self, expert: str, query: Query) -> bool:
        """Whether the registry still has an expert, and it can and may take `query`."""
        if expert not in self.generation.version_by_id:
            return False
        try:
            self.check(expert, query)
        except RequestError:
            return False
        return True

    async def _with_skills(self, decision: Decision, staging: Staging, query: Query) -> Decision:
        """The decision once the skills are named, where nobody knew them; else as it is."""
        route, namer = decision.route, self.spec.namer
        if namer is None or route is None or not route.needs_generation:
            return decision
        by = Naming(
            namer=namer, samples=self.spec.naming_samples, temperature=self.spec.naming_temperature
        )
        then = Ask(expert=decision.expert, sampling=query.sampling)
        came = await named(self, staging, query, by=by, then=then)
        found, reason = decision, came.reason
        if came.is_known:
            found, reason = await self._again(decision, staging, reason)
        return _with_reason(found, reason, failed=failures_of(staging.calls))

    async def _again(
        self, decision: Decision, staging: Staging, reason: str
    ) -> tuple[Decision, str]:
        """Routed with what is left of time and caps; as before where that leaves nobody."""
        try:
            return await self._decided(staging.left()), reason
        except (RequestError, OverloadedError) as error:
            return decision, f"{reason}, and nobody can be recruited by it: {error.code}"


def _with_reason(decision: Decision, reason: str, *, failed: dict[str, str]) -> Decision:
    assert decision.route is not None, "a router chose"
    route = replace(decision.route, reasons=(reason, *decision.route.reasons))
    return replace(decision, route=route, failed=failed)


def _authors(found: Sequence[Answer]) -> tuple[str, ...]:
    return tuple(one.author for one in found)
