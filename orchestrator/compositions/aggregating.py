"""Has an aggregator write one answer from candidates, those that its context has room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.compositions.affording import has_left
from orchestrator.compositions.asking import asked
from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Query
from orchestrator.compositions.fitting_in import OverShare, Put, over_share, tries
from orchestrator.compositions.program import StagedProgram
from orchestrator.compositions.stages import CallDone
from orchestrator.compositions.staging import Staging
from orchestrator.engines.base import Chat, Sampling
from orchestrator.registry.composition_entry import Overflow


async def aggregation(
    program: StagedProgram[Any],
    staging: Staging,
    query: Query,
    candidates: Sequence[str],
    *,
    aggregator: str,
    overflow: Overflow,
) -> list[Ask]:
    """The call that writes the answer, then shorter ones for an engine that refuses it as too long.

    Args:
        program: whose prompts `synthesise` and, where candidates are shortened, `summarise` are
            asked by.
        staging: the request so far; it runs the stage `summaries` where candidates are shortened.
        query: the request, a conversation.
        candidates: one at least, the best first.
        aggregator: who writes the answer.
        overflow: what becomes of candidates that there is no room for.
    """
    put, room = _putting(program, query), program.generation.room(aggregator, query.sampling)

    def asks(candidates: Sequence[str]) -> list[Ask]:
        return [
            Ask(
                expert=aggregator,
                sampling=query.sampling,
                prompt=one.prompt,
                num_dropped=len(candidates) - len(one.kept),
            )
            for one in tries(candidates, put, room=room)
        ]

    found = asks(candidates)
    if overflow == "summarise":
        over = over_share(candidates, put, room=room)
        briefly = _briefly(program, query, candidates, over, aggregator=aggregator)
        asked_first = [*briefly.values(), found[0]]
        if briefly and has_left(program.generation, staging, query, asked_first):
            found = asks(await _shortened(staging, candidates, briefly))
    return found


def _briefly(
    program: StagedProgram[Any],
    query: Query,
    candidates: Sequence[str],
    over: OverShare,
    *,
    aggregator: str,
) -> dict[str, Ask]:
    """Calls that shorten the candidates over their share, by what they say."""
    template, sampling = program.prompts["summarise"], _brief(query.sampling, over.share)
    return {
        candidates[at]: Ask(
            expert=aggregator,
            sampling=sampling,
            prompt=asked(_chat(query), template, candidate=candidates[at]),
            is_free=True,
        )
        for at in over.places
    }


async def _shortened(
    staging: Staging, candidates: Sequence[str], asks: Mapping[str, Ask]
) -> list[str]:
    """`candidates` with summaries of those that are to be shorter, where these came to any."""
    calls = await staging.run("summaries", list(asks.values()))
    summary_by_text = {one: _summary(call) for one, call in zip(asks, calls, strict=True)}
    return [summary_by_text.get(one) or one for one in candidates]


def _summary(call: CallDone) -> str:
    return call.choices[0].text.strip() if call.choices else ""


def _brief(sampling: Sampling, share: int) -> Sampling:
    """One answer within its share: prose has up to twice the characters a token of the estimate."""
    num_out = share // 2
    if sampling.max_tokens is not None:
        num_out = min(num_out, sampling.max_tokens)
    return replace(sampling, n=1, max_tokens=num_out, stop=(), top_logprobs=None)


def _putting(program: StagedProgram[Any], query: Query) -> Put:
    template = program.prompts["synthesise"]
    return lambda candidates: asked(_chat(query), template, candidates=candidates)


def _chat(query: Query) -> Chat:
    assert isinstance(query.prompt, Chat), "others are refused before anybody is asked"
    return query.prompt
