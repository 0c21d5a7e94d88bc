"""Has an aggregator write one answer from candidates, those that its context has room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.compositions.asking import Prompts, asked
from orchestrator.compositions.base import Query
from orchestrator.compositions.fitting_in import OverShare, Put, fitted, halves, over_share
from orchestrator.compositions.stages import CallDone
from orchestrator.compositions.staging import Ask, Staging
from orchestrator.engines.base import Chat, Sampling
from orchestrator.registry.compositions import Overflow


async def aggregation(
    staging: Staging,
    query: Query,
    candidates: Sequence[str],
    *,
    aggregator: str,
    prompts: Prompts,
    room: float,
    overflow: Overflow,
) -> list[Ask]:
    """The call that writes the answer, then shorter ones for an engine that refuses it as too long.

    Args:
        staging: the request so far; it runs the stage `summaries` where candidates are shortened.
        query: the request, a conversation.
        candidates: one at least, the best first.
        aggregator: expert that writes the answer.
        prompts: of the composition; `synthesise`, and `summarise` where candidates are shortened.
        room: tokens that the aggregator's context has for a prompt (`Admission.room`).
        overflow: what becomes of candidates that there is no room for.
    """
    put = _putting(query, prompts)
    if overflow == "summarise":
        over = over_share(candidates, put, room=room)
        candidates = await _shortened(
            staging, query, candidates, over, aggregator=aggregator, prompts=prompts
        )
    first = fitted(candidates, put, room=room)
    fewer = (put([candidates[at] for at in places]) for places in halves(first.kept))
    return [
        Ask(expert=aggregator, sampling=query.sampling, prompt=prompt)
        for prompt in (first.prompt, *fewer)
    ]


async def _shortened(
    staging: Staging,
    query: Query,
    candidates: Sequence[str],
    over: OverShare,
    *,
    aggregator: str,
    prompts: Prompts,
) -> Sequence[str]:
    """`candidates` with summaries of those that are over their share, where these came to any."""
    said = list(dict.fromkeys(candidates[at] for at in over.places))
    if not said:
        return candidates
    asks = [
        Ask(
            expert=aggregator,
            sampling=_brief(query.sampling, over.share),
            prompt=asked(_chat(query), prompts["summarise"], candidate=one),
            is_free=True,
        )
        for one in said
    ]
    calls = await staging.run("summaries", asks)
    summary_by_text = {one: _summary(call) for one, call in zip(said, calls, strict=True)}
    return [summary_by_text.get(one) or one for one in candidates]


def _summary(call: CallDone) -> str:
    return call.choices[0].text.strip() if call.choices else ""


def _brief(sampling: Sampling, share: int) -> Sampling:
    """One answer within its share: prose has up to twice the characters a token of the estimate."""
    num_out = share // 2
    if sampling.max_tokens is not None:
        num_out = min(num_out, sampling.max_tokens)
    return replace(sampling, n=1, max_tokens=num_out, stop=(), top_logprobs=None)


def _putting(query: Query, prompts: Prompts) -> Put:
    return lambda candidates: asked(_chat(query), prompts["synthesise"], candidates=candidates)


def _chat(query: Query) -> Chat:
    assert isinstance(query.prompt, Chat), "others are refused before anybody is asked"
    return query.prompt
