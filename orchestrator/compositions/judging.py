"""What kinds have in common that gather answers and have judges choose one.

A judge that fails, or says nothing that can be read, abstains. Where all do, the answer that was
given most often is told, of those the first.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.candidates import Candidate, candidates_of, num_given
from orchestrator.compositions.closing import no_answer
from orchestrator.compositions.eligibility import abilities_of
from orchestrator.compositions.program import StagedProgram
from orchestrator.compositions.progress import Told
from orchestrator.compositions.proposing import proposed
from orchestrator.compositions.stages import CallDone, failures_of, told
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.verdicts import Outcome, Verdict
from orchestrator.engines.base import Sampling
from orchestrator.errors import ContextTooLongError, EngineProtocolError
from orchestrator.registry.composition_judged import JudgedComposition

J = TypeVar("J", bound=JudgedComposition)

#: Alternatives of a token in which the other word of a verdict is looked for.
_TOP_LOGPROBS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one judge is asked about some of the candidates."""

    #: Its place among the judges of the entry.
    judge: int
    #: Places of the candidates, in the order in which it is shown them.
    shown: tuple[int, ...]
    ask: Ask


class JudgedProgram(StagedProgram[J]):
    """Asks experts for answers, and judges which of them is best."""

    @abstractmethod
    def questions(self, query: Query, candidates: Sequence[Candidate]) -> list[Question]:
        """What judges are asked about two candidates or more, grouped by judge."""

    @abstractmethod
    def outcome(self, verdicts: Sequence[Verdict], *, num_candidates: int) -> Outcome:
        """What verdicts come to, those that are missing or under way included."""

    async def _decided(self, query: Query) -> Decision:
        """Who would answer; the decision names the first of them."""
        for judge in self.spec.judge_ids():
            sampling = self.verdict_sampling(query, judge)
            self.check(judge, replace(query, sampling=sampling, structure=None))
        drawn = replace(query, sampling=self._drawn(query.sampling))
        if self.spec.router is None:
            return proposed(self, drawn, self.spec.proposers)
        return await self.choosing.decide(drawn, num_asked=self.spec.experts)

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        staging.announce(*self.spec.judge_ids())
        voters, drawn = reply.decision.team or (reply.decision.expert,), self._drawn(query.sampling)
        asks = [ask for name in voters for ask in staging.asks(name, drawn)]
        calls = await staging.run("candidates", asks)
        found = candidates_of(calls)
        if (num := num_given(found)) < self.spec.min_answers:
            raise no_answer(self.id, calls, num=num, least=self.spec.min_answers)
        best, failed = found[0], failures_of(calls)
        if len(found) > 1:
            place, silent = await self._judged(staging, query, found)
            best, failed = found[place], {**failed, **silent}
        reply.decision = replace(reply.decision, expert=best.expert, failed=failed)
        yield told(best.choice, staging.usage)

    async def _judged(
        self, staging: Staging, query: Query, candidates: Sequence[Candidate]
    ) -> tuple[int, dict[str, str]]:
        """Place of the best candidate; judges that failed or told nothing, and the code of why."""
        every, num = self.questions(query, candidates), len(candidates)
        refused = _refused(staging, every)
        put = [one for one in every if one.ask.expert not in refused]
        if not put:
            return 0, refused

        def outcome(calls: Sequence[CallDone]) -> Outcome:
            return self.outcome(_verdicts(put, calls), num_candidates=num)

        calls = await staging.run(
            "verdicts",
            [one.ask for one in put],
            is_enough=lambda seen: outcome(seen).best is not None,
        )
        found = outcome(calls)
        assert found.best is not None, "all verdicts are there, or enough of them"
        telling = {put[at].ask.expert for at in found.readable}
        silent = [call.expert for call in calls if call.is_whole and call.expert not in telling]
        failed = refused | dict.fromkeys(silent, EngineProtocolError.code) | failures_of(calls)
        return found.best, failed

    def verdict_sampling(self, query: Query, judge: str, *, num_tokens: int = 0) -> Sampling:
        """How a judge is asked: its likeliest words, and how likely they were where it can say.

        Args:
            query: the request, whose seed it has.
            judge: an expert or a composition.
            num_tokens: that its reply needs, where the entry's bound may be less.
        """
        expert = self.generation.registry.expert(judge)
        tells = expert is not None and "logprobs" in abilities_of(expert)
        return Sampling(
            temperature=0.0,
            max_tokens=max(self.spec.verdict_tokens, num_tokens),
            seed=query.sampling.seed,
            top_logprobs=_TOP_LOGPROBS if tells else None,
        )

    def _drawn(self, sampling: Sampling) -> Sampling:
        """Samples are drawn at the temperature of the entry; a single one as its caller says."""
        if self.spec.samples == 1:
            return sampling
        return replace(sampling, n=self.spec.samples, temperature=self.spec.temperature)


def _refused(staging: Staging, questions: Sequence[Question]) -> dict[str, str]:
    """Judges that cannot be asked any longer, and the code of why."""
    first = {one.ask.expert: one.ask for one in reversed(questions)}
    why = {name: staging.why_not(ask) for name, ask in first.items()}
    return {name: refusal.code for name, refusal in why.items() if refusal is not None}


def _verdicts(questions: Sequence[Question], calls: Sequence[CallDone]) -> list[Verdict]:
    return [
        Verdict(
            judge=one.judge,
            shown=one.shown,
            choice=call.choices[0] if call.choices else None,
            is_too_long=isinstance(call.error, ContextTooLongError),
            is_open=call.num_open > 0,
        )
        for one, call in zip(questions, calls, strict=True)
    ]
