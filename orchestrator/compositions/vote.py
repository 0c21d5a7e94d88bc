"""`kind: vote`: many samples, and the first of those that say what most say."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from orchestrator.compositions.asks import Ask, one_by_one
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.election import Election
from orchestrator.compositions.program import Setting
from orchestrator.compositions.progress import Told
from orchestrator.compositions.sampled import SampledProgram
from orchestrator.compositions.stages import failures_of, told
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.voting import Sample
from orchestrator.engines.base import Sampling
from orchestrator.registry.compositions import VoteComposition
from routers.votes import weight_of

#: What an expert is expected to reach that the router has no score of.
_UNSCORED = 0.5
#: Answers before a vote in turn may stop: one alone agrees with nobody.
_LEAST_ASKED = 2


class Vote(SampledProgram[VoteComposition]):
    """Asks the router's best expert, or its best experts, several times each."""

    takes_text = True

    def __init__(self, spec: VoteComposition, setting: Setting) -> None:
        super().__init__(spec, setting)
        self._chance = _chance_of(spec)

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        voters = reply.decision.team or (reply.decision.expert,)
        asks = [Ask(expert=name, sampling=self._drawn(query.sampling)) for name in voters]
        election = self._election(reply.decision)
        if self.spec.in_turn:
            await self._in_turn(staging, one_by_one(asks), reply.decision, election)
        else:
            await staging.run("vote", asks, is_enough=election.is_enough)
        elected = election.elected(staging.calls)
        failed = failures_of(staging.calls)
        reply.decision = replace(reply.decision, expert=elected.expert, failed=failed)
        yield told(elected.choice, staging.usage)

    async def _in_turn(
        self, staging: Staging, asks: Sequence[Ask], decision: Decision, election: Election
    ) -> None:
        """Ask for one answer after another until the vote is decided, sure or may take no more."""
        accuracies = _accuracies(decision)
        for place, ask in enumerate(asks):
            samples = self.reading.read(staging.calls)
            if samples and staging.why_not(ask) is not None:
                return
            left = sum(election.weight_by_expert[one.expert] for one in asks[place:])
            if len(samples) >= _LEAST_ASKED and (
                election.is_decided(samples, left=left)
                or self._chance(samples, accuracies) >= self.spec.confidence
            ):
                return
            await staging.run("vote", [ask])

    def _election(self, decision: Decision) -> Election:
        return Election(
            composition_id=self.id,
            reading=self.reading,
            weight_by_expert=self._weights(decision),
            min_answers=self.spec.min_answers,
        )

    def _weights(self, decision: Decision) -> Mapping[str, float]:
        accuracies = _accuracies(decision)
        if self.spec.weigh == "equal":
            return dict.fromkeys(accuracies, 1.0)
        num_options = self.spec.num_options
        return {name: weight_of(p, num_options=num_options) for name, p in accuracies.items()}

    def _drawn(self, sampling: Sampling) -> Sampling:
        """Samples are drawn at the temperature of the vote; a single one as its caller says."""
        if self.spec.samples == 1:
            return sampling
        return replace(sampling, n=self.spec.samples, temperature=self.spec.temperature)


def _chance_of(
    spec: VoteComposition,
) -> Callable[[Sequence[Sample], Mapping[str, float]], float]:
    """How likely the leading answer is right; loaded before a request needs it."""
    if not spec.in_turn:
        return lambda samples, accuracies: 0.0
    from orchestrator.compositions.certainty import chance

    return partial(chance, num_options=spec.num_options)


def _accuracies(decision: Decision) -> dict[str, float]:
    """What each voter is expected to reach, by the router's scores."""
    scores = decision.route.scores if decision.route else {}
    voters = decision.team or (decision.expert,)
    return {name: scores.get(name, _UNSCORED) for name in voters}
