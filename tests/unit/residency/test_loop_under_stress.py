import asyncio
import random

import pytest

from orchestrator.errors import EngineDeadError, EngineError, EngineTimeoutError, SwapError
from tests.unit.residency.driving import LINEAGE, Caller, Driven


async def test_a_thousand_random_calls_and_cancellations_leave_nothing_behind():
    draw, driven, order = random.Random(7), Driven(capacity=4), []
    callers = [Caller(driven.loop, draw.choice(LINEAGE).id) for _ in range(1000)]
    for caller in callers:
        caller.task.add_done_callback(lambda _, caller=caller: order.append(caller))
        if draw.random() < 0.3:
            at = draw.choice(callers)
            at.runs_then(caller.task.cancel)
        caller.leave_soon()

    await asyncio.wait([caller.task for caller in callers])

    kept = [caller for caller in callers if not caller.task.cancelled()]
    assert all(caller.runs.is_set() for caller in kept)
    assert len(kept) < len(callers) == len(order)
    assert driven.loop.experts_in_use == frozenset()
    assert driven.loop.num_waiting == 0


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_happens_every_call_ends_and_nothing_is_left_behind(seed):
    draw, driven = random.Random(seed), Driven(capacity=3, revives=100, broken_s=1)
    callers = [
        Caller(driven.loop, draw.choice(LINEAGE).id, timeout_s=draw.choice([None, 5, 20]))
        for _ in range(100)
    ]
    mischief = [
        lambda: driven.clock.advance(draw.choice([1, 4])),
        lambda: driven.host.broken.update(code=SwapError("canary")),
        lambda: driven.host.broken.pop("code", None),
        lambda: draw.choice(callers).task.cancel("hung up"),
        driven.die,
    ]
    for caller in callers:
        (act,) = draw.choices(mischief, weights=[6, 4, 4, 6, 1])
        caller.runs_then(act if draw.random() < 0.4 else bool)
        caller.leave_soon()

    results = await asyncio.gather(*(caller.task for caller in callers), return_exceptions=True)

    allowed = (EngineDeadError, EngineTimeoutError, SwapError, asyncio.CancelledError)
    assert all(result is None or isinstance(result, allowed) for result in results)
    assert any(isinstance(result, EngineError) for result in results)
    assert (driven.loop.num_waiting, driven.loop.experts_in_use) == (0, frozenset())
    await driven.loop.close()
