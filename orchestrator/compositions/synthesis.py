"""One answer of several: what compositions that mix experts have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.compositions.aggregating import aggregation
from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Query, Reply
from orchestrator.compositions.closing import closed_by, no_answer
from orchestrator.compositions.program import StagedProgram
from orchestrator.compositions.progress import Told
from orchestrator.compositions.stages import CallDone, told
from orchestrator.compositions.staging import Staging
from orchestrator.engines.answer import Choice
from orchestrator.engines.base import Sampling
from orchestrator.engines.stops import StopWatch
from orchestrator.registry.composition_entry import Overflow
from routers.answers import without_thinking

#: In which one writes the answer of several.
STAGE = "synthesis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that says something, and who wrote it."""

    author: str
    choice: Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Merging:
    """Who writes one answer of several, and how."""

    aggregator: str
    overflow: Overflow
    #: Where it is not the caller's.
    temperature: float | None = None


def answers_of(calls: Sequence[CallDone]) -> tuple[Answer, ...]:
    """What calls came to, in order; what says nothing is none."""
    return tuple(
        Answer(author=call.expert, choice=choice)
        for call in calls
        for choice in call.choices
        if without_thinking(choice.text).strip()
    )


def enough_of(calls: Sequence[CallDone], *, composition_id: str, least: int) -> tuple[Answer, ...]:
    """What calls came to, in order.

    Raises:
        OrchestratorError: it is less than the composition wants.
    """
    found = answers_of(calls)
    if len(found) < least:
        raise no_answer(composition_id, calls, num=len(found), least=least)
    return found


def ended_at(choice: Choice, stops: Sequence[str]) -> Choice:
    """An answer that was drawn `freely`, as it is told: up to the first stop of its caller."""
    watch = StopWatch(stops)
    text = watch.push(choice.text) + watch.finish()
    if not watch.is_matched:
        return choice
    return replace(choice, text=text, logprobs=(), finish_reason="stop")


def freely(sampling: Sampling) -> Sampling:
    """`sampling` without what is for the last answer alone; its form is left out by the call."""
    return replace(sampling, stop=(), top_logprobs=None)


def team_asks(
    staging: Staging, team: Sequence[str], sampling: Sampling, *, temperature: float
) -> list[Ask]:
    """A call for each of a team; who stands in it several times answers as often, in one call.

    Args:
        staging: of the request.
        team: experts or compositions.
        sampling: as the caller sent it.
        temperature: of those who answer several times: drawn at 0 they would say the same.
    """
    free = freely(sampling)
    asks = list[Ask]()
    for model, num in Counter(team).items():
        drawn = free if num == 1 else replace(free, n=num, temperature=temperature)
        asks += staging.asks(model, drawn, is_free=True)
    return asks


async def merged(
    program: StagedProgram[Any],
    reply: Reply,
    staging: Staging,
    query: Query,
    found: Sequence[Answer],
    *,
    by: Merging,
) -> AsyncGenerator[Told, None]:
    """Stream the answer that the aggregator writes; where it gives nothing, tell the first.

    One answer alone is told up to the caller's stops, where that is all that is wanted of its form.

    Args:
        program: whose prompts are used.
        reply: its decision is told who answers.
        staging: the request so far.
        query: the request.
        found: one answer at least, the best first.
        by: who writes.

    Raises:
        OrchestratorError: a stream broke off.
    """
    first = found[0]
    best = first.author, ended_at(first.choice, query.sampling.stop)
    if len(found) == 1 and query.structure is None and query.sampling.top_logprobs is None:
        reply.decision = replace(reply.decision, expert=first.author)
        yield told(best[1], staging.usage)
        return
    if by.temperature is not None:
        query = replace(query, sampling=replace(query.sampling, temperature=by.temperature))
    texts = [one.choice.text for one in found]
    last = await aggregation(
        program, staging, query, texts, aggregator=by.aggregator, overflow=by.overflow
    )
    async for item in closed_by(reply, staging, STAGE, last, best=best):
        yield item
