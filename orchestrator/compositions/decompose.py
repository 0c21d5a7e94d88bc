"""`kind: decompose`: a first attempt, and where that is unsure the question in parts.

Source: DaSLaM, Juneja 2023, arXiv:2310.18338: a small decomposer sees the question and an attempt,
and only then; direct decomposition makes most models worse. Ours: each part is routed to its own
expert, and whatever goes wrong on the way leaves the attempt as the answer.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.compositions.asking import asked, message_of
from orchestrator.compositions.asks import Ask
from orchestrator.compositions.bar import Bar, telling
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.closing import closed_by, no_answer
from orchestrator.compositions.ledger import Spend
from orchestrator.compositions.parts import Parts
from orchestrator.compositions.program import Setting, StagedProgram
from orchestrator.compositions.progress import Told
from orchestrator.compositions.splitting import Whole, split_of
from orchestrator.compositions.stages import failures_of, told
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.trying import Tried, tried
from orchestrator.engines.base import Chat, Sampling
from orchestrator.errors import EngineProtocolError
from orchestrator.registry.composition_decompose import DecomposeComposition
from routers.answers import without_thinking

#: The decomposer, and at least one call that makes the answer.
_LEAST_CALLS = 2


class Decompose(StagedProgram[DecomposeComposition]):
    """Asks the router's expert, and where it is unsure an expert for each part."""

    def __init__(self, spec: DecomposeComposition, setting: Setting) -> None:
        super().__init__(spec, setting)
        self._bar = (
            None
            if spec.unsure == "always"
            else Bar(by=spec.unsure, tau=spec.tau, num_asked=spec.num_samples, answers=spec.answers)
        )

    async def _decided(self, query: Query) -> Decision:
        """Who makes the first attempt."""
        drawn = replace(query.sampling, n=self.spec.num_samples)
        return await self.choosing.decide(replace(query, sampling=drawn))

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        attempt = await self._attempted(staging, query, reply.decision.expert)
        reply.decision = replace(reply.decision, failed=failures_of(staging.calls))
        if attempt.is_sure and attempt.best is not None:
            yield told(attempt.best[1], staging.usage)
            return
        ending = await self._in_parts(staging, query, reply.decision.expert, attempt)
        failed = {**failures_of(staging.calls), **ending.failed}
        reply.decision = replace(reply.decision, failed=failed)
        if ending.asks:
            async for item in closed_by(reply, staging, "answer", ending.asks, best=attempt.best):
                yield item
            return
        if attempt.best is None:
            raise no_answer(self.id, attempt.calls, num=0, least=1)
        reply.decision = _because(reply.decision, ending.why)
        yield told(attempt.best[1], staging.usage)

    async def _attempted(self, staging: Staging, query: Query, expert: str) -> Tried:
        if self._bar is None:
            staging.announce(self.spec.decomposer)
        return await tried(
            staging,
            "attempt",
            staging.asks(expert, self._drawn(query, expert)),
            bar=self._bar,
            answers=self.spec.answers,
            sampling=query.sampling,
        )

    async def _in_parts(
        self, staging: Staging, query: Query, expert: str, attempt: Tried
    ) -> _Ending:
        """The call that makes the answer of all parts; none where the attempt stands."""
        if self.spec.solver is not None:
            staging.announce(self.spec.solver)
        assert isinstance(query.prompt, Chat), "others are refused before anybody is asked"
        said = await self._split_by(staging, query.prompt, query.sampling, attempt)
        if isinstance(said, _Ending):
            return said
        ends_with_last = self.spec.finish == "last"
        split = split_of(
            said,
            message=message_of(query.prompt),
            most=self.spec.max_questions,
            ends_with_last=ends_with_last,
        )
        if isinstance(split, Whole):
            fault = {self.spec.decomposer: EngineProtocolError.code} if split.is_fault else {}
            return _Ending(why=split.why, failed=fault)
        if (why := _no_room(staging, split.num_calls)) is not None:
            return _Ending(why=why)
        parts = Parts(split, query=query, staging=staging, choosing=self.choosing)
        if (why := await parts.ask()) is not None:
            return _Ending(why=why)
        if not ends_with_last:
            return _Ending(asks=self._solved(query.prompt, query.sampling, expert, parts.answered))
        last = await parts.last()
        return _Ending(why=last) if isinstance(last, str) else _Ending(asks=[last])

    async def _split_by(
        self, staging: Staging, chat: Chat, sampling: Sampling, attempt: Tried
    ) -> str | _Ending:
        """What the decomposer wrote; why not where it was not asked, or wrote nothing."""
        text = "" if attempt.best is None else attempt.best[1].text
        ask = Ask(
            expert=self.spec.decomposer,
            # Its lines are no answer of the caller's: the surest, as long as they need to be.
            sampling=Sampling(temperature=0.0, seed=sampling.seed),
            prompt=asked(chat, self.prompts["decompose"], attempt=text),
            is_free=True,
        )
        if (why := _no_room(staging, _LEAST_CALLS)) is not None:
            return _Ending(why=why)
        if (refusal := staging.why_not(ask)) is not None:
            return _Ending(why=str(refusal), failed={ask.expert: refusal.code})
        [call] = await staging.run("decompose", [ask])
        if call.error is not None:
            return _Ending(why=str(call.error))
        return without_thinking(next((choice.text for choice in call.choices), ""))

    def _solved(
        self, chat: Chat, sampling: Sampling, expert: str, parts: Sequence[Mapping[str, str]]
    ) -> list[Ask]:
        """The solver's call, then those with half the parts each: later ones rest on earlier."""
        solver, asks, num = self.spec.solver or expert, list[Ask](), len(parts)
        while num > 0:
            prompt = asked(chat, self.prompts["solve"], parts=parts[-num:])
            asks.append(Ask(expert=solver, sampling=sampling, prompt=prompt))
            num //= 2
        return asks

    def _drawn(self, query: Query, expert: str) -> Sampling:
        """How the attempt is drawn: samples at the entry's temperature, a single one as sent."""
        spec, sampling = self.spec, query.sampling
        if spec.num_samples > 1:
            return replace(sampling, n=spec.num_samples, temperature=spec.temperature)
        if spec.unsure == "always":
            return sampling
        refusal = self.why_not(expert, replace(query, sampling=telling(sampling)))
        return telling(sampling) if refusal is None else sampling  # who tells none is never sure


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """The calls that may make the answer, one after another; none where the attempt stands."""

    asks: Sequence[Ask] = ()
    why: str = ""
    #: Beside the calls that failed, who did not do what it was asked.
    failed: Mapping[str, str] = field(default_factory=dict)


def _no_room(staging: Staging, num_calls: int) -> str | None:
    """Why so many more calls may not be made; a part of them would lead nowhere."""
    refusal = staging.ledger.why_not(Spend(calls=num_calls))
    if refusal is None:
        return None
    if refusal.param is not None:
        staging.ledger.mark(refusal.param)
    return str(refusal)


def _because(decision: Decision, why: str) -> Decision:
    """The decision with the reason why the attempt is the answer."""
    if decision.route is None:
        return decision
    reasons = (*decision.route.reasons, f"the first attempt stands: {why}")
    return replace(decision, route=replace(decision.route, reasons=reasons))
