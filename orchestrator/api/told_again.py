"""How requests meet the cache: an answer that was kept, or the one that is made and then kept."""

from __future__ import annotations

from orchestrator.api.exchange import Exchange
from orchestrator.api.wishes import Wishes
from orchestrator.caching.answer_cache import Found
from orchestrator.caching.keys import Scope, vectors_key
from orchestrator.caching.use import BYPASS, MISS, Use
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.embedding import Embedding, EmbedQuery
from orchestrator.compositions.programs import Programs
from orchestrator.engines.embedding import Vectors


async def replied(query: Query, exchange: Exchange, *, programs: Programs, wishes: Wishes) -> Reply:
    """The reply to `query`: kept from before where that answers it, else a new one.

    Raises:
        RequestError: the model is unknown or cannot take the query.
    """
    cache = exchange.answers
    if cache is None:
        return await programs.reply(query, span=exchange.span)
    is_wanted = wishes.wants_kept and exchange.batch is None
    may_be_kept = wishes.may_be_kept and cache.allows(query, is_wanted=is_wanted)
    scope = scope_of(exchange, is_shared=cache.is_shared)
    place = cache.place(query, scope) if may_be_kept else None
    if place is None:
        exchange.cache = BYPASS
        return await programs.reply(query, span=exchange.span)
    if not query.is_fresh:
        found = await cache.find(place, may_wait=not query.is_streamed)
        if found is not None:
            return _again(found, exchange)
    exchange.cache = BYPASS if query.is_fresh else MISS
    with cache.under_way(place) as keeping:
        reply = await programs.reply(query, span=exchange.span)
        may_be_cut = query.sampling.max_tokens is not None
        reply.items = keeping.passed_on(reply, reply.items, may_be_cut=may_be_cut)
    return reply


async def embedded(
    query: EmbedQuery, exchange: Exchange, *, program: Embedding, wishes: Wishes
) -> Vectors:
    """The vectors of `query`: kept from before, or new ones; which they are is told alike.

    Raises:
        OrchestratorError: the expert could not embed.
    """
    cache = exchange.answers
    if cache is None:
        return await program.embed(query, span=exchange.span)
    key = None
    if wishes.may_be_kept and exchange.batch is None:
        key = vectors_key(query, scope_of(exchange, is_shared=cache.is_shared))
    if key is not None and not wishes.is_fresh:
        found = await cache.vectors.find(key)
        if found is not None:
            exchange.cache = Use(outcome="hit", kind="exact", age_s=found.age_s)
            return found.vectors
    exchange.cache = BYPASS if key is None or wishes.is_fresh else MISS
    vectors = await program.embed(query, span=exchange.span)
    if key is not None:
        cache.vectors.keep(key, vectors)
    return vectors


def scope_of(exchange: Exchange, *, is_shared: bool) -> Scope:
    """Within which answers of this request are told again."""
    caller = exchange.caller
    return Scope(
        generation=exchange.generation or 0,
        policy=caller.terms.policy,
        owner="" if is_shared else caller.owner,
    )


def _again(found: Found, exchange: Exchange) -> Reply:
    exchange.cache = Use(outcome="hit", kind=found.kind, age_s=found.age_s)
    decision = Decision(
        expert=found.kept.expert,
        generation=exchange.generation or 0,
        composition=found.kept.composition,
    )
    return Reply(decision=decision, items=found.kept.chunks())
