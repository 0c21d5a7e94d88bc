"""One call on the account of its request: held at its most, settled at what it took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from orchestrator.compositions.ledger import Ledger, Spend
from orchestrator.engines.base import Chunk, Item, Usage
from orchestrator.engines.retries import Retries
from orchestrator.engines.streams import reading
from orchestrator.registry.models import Energy

_TOKENS_A_RATE = 1e6
#: What a try that failed before it said anything took.
_ONE = Spend(calls=1)


class RetriesOnAccount(Retries):
    """Further tries of one call, each a call on the account of its request.

    Args:
        retries: of the request.
        ledger: its account.
    """

    def __init__(self, retries: Retries, ledger: Ledger) -> None:
        super().__init__(retries.num_left)
        self._shared = retries
        self._ledger = ledger

    def take(self) -> bool:
        """Whether one more may be made, within the caps as well; it is counted."""
        if (refusal := self._ledger.why_not(_ONE)) is not None:
            self._ledger.mark(refusal.param or "limits")
            return False
        if not self._shared.take():
            return False
        self._ledger.add(_ONE)
        return True


async def charged(
    items: AsyncIterator[Item], ledger: Ledger, *, most: Spend, energy: Energy | None
) -> AsyncGenerator[Item, None]:
    """Pass `items` on, on the account of `ledger`; closing it closes `items`.

    A call that was cut off once it had begun is settled at its most: what it used is not known. So
    is one that its caller gave up before its first chunk, unless it still waited for its turn: an
    answer that is told in one piece has nothing else to show. One that failed before took nothing
    but its place among the calls.

    Raises:
        LimitsError: it may not be made within what is left.
    """
    await ledger.hold(most)
    took, is_waiting = _ONE, False
    try:
        async with reading(items) as answer:
            async for item in answer:
                if isinstance(item, Chunk):
                    took = most if item.usage is None else spend_of(item.usage, energy)
                else:
                    is_waiting = not item.is_over
                yield item
    except (asyncio.CancelledError, GeneratorExit):
        if took is _ONE and not is_waiting:
            took = most
        raise
    finally:
        ledger.settle(most, took)


def spend_of(usage: Usage, energy: Energy | None) -> Spend:
    """What a call took; what its expert's entry says nothing of is nothing."""
    energy_j = 0.0
    if energy is not None:
        energy_j = usage.prompt_tokens * energy.input_j_per_mtok / _TOKENS_A_RATE
        energy_j += usage.completion_tokens * energy.output_j_per_mtok / _TOKENS_A_RATE
    return Spend(
        calls=1,
        tokens=usage.prompt_tokens + usage.completion_tokens,
        price_usd=usage.cost_usd or 0.0,
        energy_j=energy_j,
    )
