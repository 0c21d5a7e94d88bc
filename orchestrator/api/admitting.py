"""Whether a request is let in, what its calls may spend, and what it came to."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.access.metering import Charge, Part
from orchestrator.api.exchange import Exchange
from orchestrator.api.wiring import Wiring
from orchestrator.compositions.base import Decision
from orchestrator.compositions.ledger import Allowance
from orchestrator.compositions.programs import Programs
from orchestrator.compositions.stages import expert_calls_of
from orchestrator.engines.base import Usage


def waiting(exchange: Exchange, wiring: Wiring) -> None:
    """Have a request wait at the meters: nothing is counted yet."""
    if wiring.meters is not None:
        exchange.admission = wiring.meters.admission(
            exchange.caller, is_background=exchange.batch is not None
        )


async def admit(exchange: Exchange, *, is_one_call: bool) -> Allowance | None:
    """What the calls of a request may spend.

    One that asks several experts enters before all of them. Of one call, the call lets it in: one
    question to the store instead of two.

    Raises:
        RateLimitedError: too many at a time, or in this minute.
        StoreError: what is left cannot be read now, and something is bounded.
    """
    admission = exchange.admission
    if admission is None:
        return None
    allowance = admission.allowance
    if allowance is None or not is_one_call:
        await admission.enter()
    return allowance


async def entered(exchange: Exchange) -> None:
    """Let a request in that is answered without a call: by a known answer, or by who would."""
    if exchange.admission is not None:
        await exchange.admission.enter()


def is_one_call(model_id: str, programs: Programs) -> bool:
    """Whether a model asks one expert, and tells nothing before it is asked."""
    entry = programs.registry.compositions.get(model_id)
    return entry is None or entry.kind == "route"


def end(exchange: Exchange) -> None:
    """The request has ended, however it did: its place is free, and it is in the books."""
    if exchange.admission is not None:
        exchange.admission.end(charge_of(exchange))
        exchange.admission = None


def charge_of(exchange: Exchange) -> Charge:
    """What a request came to."""
    decision = _decision(exchange)
    return Charge(
        endpoint=exchange.endpoint,
        model=exchange.model if exchange.is_known_model else "",
        expert=None if decision is None else decision.answered_by,
        composition=None if decision is None else decision.composition,
        batch=exchange.batch,
        status=exchange.status,
        parts=tuple(_parts(exchange)),
    )


def _parts(exchange: Exchange) -> Iterator[Part]:
    """Of each call; of one that was cut off what it is charged, where nobody knows better."""
    if exchange.cache is not None and exchange.cache.outcome == "hit":
        return  # an answer that is told again was paid for
    if exchange.stages:
        for call in expert_calls_of(exchange.stages):
            if call.usage is not None:
                yield _part(call.expert, call.usage)
        return
    decision = _decision(exchange)
    if decision is None or decision.answered_by is None:
        return
    if exchange.usage is not None:
        yield _part(decision.answered_by, exchange.usage)
    elif exchange.reply is not None and exchange.reply.ledger is not None:
        spent = exchange.reply.ledger.spent
        yield Part(
            expert=decision.answered_by,
            prompt_tokens=0,
            completion_tokens=int(spent.tokens),
            cost_usd=spent.price_usd,
        )


def _decision(exchange: Exchange) -> Decision | None:
    return exchange.decision if exchange.reply is None else exchange.reply.told


def _part(expert: str, usage: Usage) -> Part:
    return Part(
        expert=expert,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cost_usd=usage.cost_usd or 0.0,
    )
