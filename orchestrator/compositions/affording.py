"""What the rest of a request's account has room for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Query
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.ledger import NOTHING, Spend
from orchestrator.compositions.staging import Staging


def has_left(generation: Generation, staging: Staging, query: Query, asks: Sequence[Ask]) -> bool:
    """Whether all calls can be made: those that prepare must not take what the answer needs.

    What a composition would take nobody can say but that it is a call at least.
    """
    most = NOTHING
    for ask in asks:
        is_program = ask.expert in generation.programs
        most = most.plus(Spend(calls=1) if is_program else _most(generation, query, ask))
    refusal = staging.ledger.why_not(most)
    if refusal is not None:
        staging.ledger.mark(refusal.param or "limits")
    return refusal is None


def with_fewer(staging: Staging, ask: Ask) -> Ask:
    """`ask` for as many answers as can still be asked for; for all where it is not one."""
    num = ask.sampling.n

    def of(count: int) -> Ask:
        return replace(ask, sampling=replace(ask.sampling, n=count))

    if num == 1 or staging.why_not(ask) is None:
        return ask
    found = bisect_right(range(1, num), False, key=lambda n: staging.why_not(of(n)) is not None)
    return of(max(found, 1))


def _most(generation: Generation, query: Query, ask: Ask) -> Spend:
    as_asked = replace(query, prompt=ask.prompt or query.prompt, sampling=ask.sampling)
    return generation.most(ask.expert, as_asked)
