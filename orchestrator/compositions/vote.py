"""`kind: vote`: many samples, and the first of those that say what most say."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.choosing import Choosing
from orchestrator.compositions.closing import answering, no_answer
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.recalled import recalled
from orchestrator.compositions.stages import CallDone, StageDone, failures_of, told
from orchestrator.compositions.staging import Ask, Staging
from orchestrator.compositions.taking import refuse_unfit
from orchestrator.compositions.voting import Sample, is_decided, samples_of, winner
from orchestrator.engines.base import Item, Sampling
from orchestrator.registry.compositions import VoteComposition
from routers.votes import weight_of

#: What an expert is expected to reach that the router has no score of.
_UNSCORED = 0.5
#: Answers before a vote in turn may stop: one alone agrees with nobody.
_LEAST_ASKED = 2


class Vote:
    """Asks the router's best expert, or its best experts, several times each.

    Args:
        composition_id: its name in the registry.
        generation: what it answers from.
        spec: its entry.
        choosing: its router, ready to be asked.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        composition_id: str,
        generation: Generation,
        *,
        spec: VoteComposition,
        choosing: Choosing,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._id = composition_id
        self._generation = generation
        self._spec = spec
        self._choosing = choosing
        self._clock = clock
        self._chance = _chance_of(spec)

    async def decide(self, query: Query) -> Decision:
        """Say who would vote; the decision names the one whose vote counts first.

        Raises:
            RequestError: nobody can take the query, or it wants what no vote can give.
            OverloadedError: nobody is expected to answer as soon as it wants.
        """
        refuse_unfit(query, self._id)
        bound = self._choosing.bound(replace(query, sampling=self._drawn(query.sampling)))
        return await self._choosing.decide(bound, num_asked=self._spec.experts)

    async def reply(self, query: Query) -> Reply:
        """Hold the vote; who wrote the answer is known with the first chunk."""
        decision = await self.decide(query)
        if decision.recalled is not None:
            return recalled(decision, decision.recalled)
        stages = list[StageDone]()
        staging = Staging(
            self._generation,
            self._choosing.bound(query),
            composition_id=self._id,
            stages=stages,
            clock=self._clock,
        )
        return answering(
            decision, stages, lambda reply: self._answered(reply, staging, query.sampling)
        )

    async def _answered(
        self, reply: Reply, staging: Staging, sampling: Sampling
    ) -> AsyncGenerator[Item, None]:
        voters = reply.decision.team or (reply.decision.expert,)
        asks = [Ask(expert=name, sampling=self._drawn(sampling)) for name in voters]
        weights = self._weights(reply.decision)
        if self._spec.in_turn:
            await self._in_turn(staging, _one_by_one(asks), reply.decision, weights)
        else:
            await staging.run("vote", asks, is_enough=self._is_enough(asks, weights))
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
            samples = samples_of(staging.calls, self._spec.answers)
            if samples and staging.why_not(ask) is not None:
                return
            left = sum(weights[one.expert] for one in asks[place:])
            if len(samples) >= _LEAST_ASKED and (
                is_decided(samples, weights, left=left)
                or self._chance(samples, accuracies) >= self._spec.confidence
            ):
                return
            await staging.run("vote", [ask])

    def _is_enough(
        self, asks: Sequence[Ask], weights: Mapping[str, float]
    ) -> Callable[[Sequence[CallDone]], bool]:
        whole = sum(ask.sampling.n * weights[ask.expert] for ask in asks)

        def is_enough(done: Sequence[CallDone]) -> bool:
            samples = samples_of(done, self._spec.answers)
            cast = sum(self._spec.samples * weights[call.expert] for call in done)
            return len(samples) >= self._spec.min_answers and is_decided(
                samples, weights, left=whole - cast
            )

        return is_enough

    def _elected(self, calls: Sequence[CallDone], weights: Mapping[str, float]) -> Sample:
        samples = samples_of(calls, self._spec.answers)
        if len(samples) >= self._spec.min_answers:
            return winner(samples, weights)
        raise no_answer(self._id, calls, num=len(samples), least=self._spec.min_answers)

    def _weights(self, decision: Decision) -> Mapping[str, float]:
        accuracies = _accuracies(decision)
        if self._spec.weigh == "equal":
            return dict.fromkeys(accuracies, 1.0)
        num_options = self._spec.num_options
        return {name: weight_of(p, num_options=num_options) for name, p in accuracies.items()}

    def _drawn(self, sampling: Sampling) -> Sampling:
        """Samples are drawn at the temperature of the vote; a single one as its caller says."""
        if self._spec.samples == 1:
            return sampling
        return replace(sampling, n=self._spec.samples, temperature=self._spec.temperature)


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


def _one_by_one(asks: Sequence[Ask]) -> list[Ask]:
    """The samples of all calls, each as a call of its own: the best expert's first."""
    return [_nth(ask, number) for ask in asks for number in range(ask.sampling.n)]


def _nth(ask: Ask, number: int) -> Ask:
    """One of the samples of `ask`; the same seed for all would give the same answer."""
    seed = ask.sampling.seed
    sampling = replace(ask.sampling, n=1, seed=None if seed is None else seed + number)
    return replace(ask, sampling=sampling)
