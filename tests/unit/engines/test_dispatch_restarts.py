"""Calls while their slots are being restarted, and while the service stops."""

import asyncio
from contextlib import aclosing

import pytest

from orchestrator.engines.dispatch import Dispatch
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import ExpertUnavailableError
from orchestrator.registry.models import key_of
from orchestrator.residency.placement import DispatchTable
from tests.unit.engines.test_dispatch import Conductor, call, dispatching, said, table

AWAITED = DispatchTable(slots_by_expert={}, awaited=frozenset({key_of("maths", "v1")}))


def refreshing(answer: DispatchTable, **slots) -> Dispatch:
    return dispatching(answer, refreshed=Conductor(answer), **slots)


async def test_a_call_for_what_is_being_restarted_waits_and_is_answered_then():
    dispatch = refreshing(AWAITED, a=FakeEngine("from a"))
    asking = asyncio.create_task(said(dispatch, call(max_wait_s=60.0)))
    for _ in range(10):
        await asyncio.sleep(0)
    dispatch.adopt(AWAITED)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not asking.done()

    dispatch.adopt(table(maths=("a",)))

    assert await asking == "from a"


async def test_a_call_waits_no_longer_than_it_may():
    dispatch = refreshing(AWAITED, a=FakeEngine("from a"))

    with pytest.raises(ExpertUnavailableError) as refused:
        await said(dispatch, call(max_wait_s=0.01))

    assert refused.value.retry_after_s


async def test_a_call_for_what_is_nowhere_is_refused_at_once():
    dispatch = refreshing(AWAITED, a=FakeEngine("from a"))

    with pytest.raises(ExpertUnavailableError, match="no slot hosts it"):
        await said(dispatch, call("french"))


async def test_a_stream_under_way_ends_with_an_error_when_the_service_stops():
    slow = FakeEngine(script=lambda _: Script(says="a b c", token_delay_s=0.001))
    dispatch = dispatching(table(maths=("a",)), a=slow)
    async with aclosing(dispatch.generate(call())) as items:
        await anext(items)
        dispatch.give_up()

        with pytest.raises(ExpertUnavailableError, match="the service stops"):
            async for _ in items:
                pass


async def test_a_call_that_waits_for_its_first_chunk_ends_when_the_service_stops():
    dispatch = dispatching(table(maths=("a",)), a=FakeEngine("x", gate=asyncio.Event()))
    asking = asyncio.create_task(said(dispatch, call()))
    for _ in range(5):
        await asyncio.sleep(0)

    dispatch.give_up()

    with pytest.raises(ExpertUnavailableError, match="the service stops"):
        await asking


async def test_a_call_that_comes_after_the_end_is_refused():
    dispatch = dispatching(table(maths=("a",)), a=FakeEngine("from a"))
    dispatch.give_up()

    with pytest.raises(ExpertUnavailableError, match="the service stops"):
        await said(dispatch, call())
