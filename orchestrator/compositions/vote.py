"""`kind: vote`: many samples, and the first of those that say what most say."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from orchestrator.compositions.asks import Ask, IsEnough, one_by_one
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.closing import no_answer
from orchestrator.compositions.program import Setting, StagedProgram
from orchestrator.compositions.progress import Told
from orchestrator.compositions.stages import CallDone, failures_of, told
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.voting import Sample, is_decided, samples_of, winner
from orchestrator.engines.base import Sampling
from orchestrator.registry.compositions import VoteComposition
from routers.votes import weight_of

#: What an expert is expected to reach that the router has no score of.
_UNSCORED = 0.5
#: Answers before a vote in turn may stop: one alone agrees with nobody.
_LEAST_ASKED = 2


class Vote(StagedProgram[VoteComposition]):
    """Asks the router's best expert, or its best experts, several times each."""

    takes_text = True

    def __init__(self, spec: VoteComposition, setting: Setting) -> None:
        super().__init__(spec, setting)
        self._chance = _chance_of(spec)

    async def _decided(self, query: Query) -> Decision:
        """Who would vote; the decision names the one whose vote counts first."""
        drawn = replace(query, sampling=self._drawn(query.sampling))
        return await self.choosing.decide(drawn, num_asked=self.spec.experts)

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        voters = reply.decision.team or (reply.decision.expert,)
        asks = [Ask(expert=name, sampling=self._drawn(query.sampling)) for name in voters]
        weights = self._weights(reply.decision)
        if self.spec.in_turn:
            await self._in_turn(staging, one_by_one(asks), reply.decision, weights)
        else:
            await staging.run("vote", asks, is_enough=self._is_enough(weights))
        elected = self._elected(staging.calls, weights)
        failed = failures_of(staging.calls)
        reply.decision = replace(reply.decision, expert=elected.expert, failed=failed)
        yield told(elected.choice, staging.usage)

    async def _in_turn(
        self,
        staging: Staging,
        asks: Sequence[Ask],
        decision: Decision,
        weights: Mapping[str, float],
    ) -> None:
        """Ask for one answer after another until the vote is decided, sure or may take no more."""
        accuracies = _accuracies(decision)
        for place, ask in enumerate(asks):
            samples = samples_of(staging.calls, self.spec.answers)
            if samples and staging.why_not(ask) is not None:
                return
            left = sum(weights[one.expert] for one in asks[place:])
            if len(samples) >= _LEAST_ASKED and (
                is_decided(samples, weights, left=left)
                or self._chance(samples, accuracies) >= self.spec.confidence
            ):
                return
            await staging.run("vote", [ask])

    def _is_enough(self, weights: Mapping[str, float]) -> IsEnough:
        def is_enough(calls: Sequence[CallDone]) -> bool:
            samples = samples_of(calls, self.spec.answers)
            left = sum(call.num_open * weights[call.expert] for call in calls)
            return len(samples) >= self.spec.min_answers and is_decided(samples, weights, left=left)

        return is_enough

    def _elected(self, calls: Sequence[CallDone], weights: Mapping[str, float]) -> Sample:
        samples = samples_of(calls, self.spec.answers)
        if len(samples) >= self.spec.min_answers:
            return winner(samples, weights)
        raise no_answer(self.id, calls, num=len(samples), least=self.spec.min_answers)

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
