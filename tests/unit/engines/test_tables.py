"""The next dispatch table, for all calls that want one."""

import asyncio

import pytest

from orchestrator.engines.tables import Tables
from orchestrator.errors import StoreError
from orchestrator.residency.placement import DispatchTable

TABLE = DispatchTable(slots_by_expert={})


class Conductor:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.num_asked = 0
        self.answer: asyncio.Future[DispatchTable] = asyncio.get_running_loop().create_future()
        self.adopted: list[DispatchTable] = []
        self.tables = Tables(refresh=self.refresh, adopt=self.adopted.append)

    async def refresh(self) -> DispatchTable:
        self.num_asked += 1
        return await self.answer


async def test_all_who_ask_for_the_newest_table_meanwhile_share_one_question():
    conductor = Conductor()

    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(conductor.tables.newest())
        conductor.answer.set_result(TABLE)

    assert conductor.num_asked == 1
    assert conductor.adopted == [TABLE] * 3


async def test_a_question_that_failed_is_asked_anew_by_the_next():
    conductor = Conductor()
    conductor.answer.set_exception(StoreError("away"))

    for _ in range(2):
        with pytest.raises(StoreError):
            await conductor.tables.newest()

    assert conductor.num_asked == 2


async def test_a_caller_that_gives_up_leaves_the_question_to_the_others():
    conductor = Conductor()
    first, second = (asyncio.ensure_future(conductor.tables.newest()) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()
    conductor.answer.set_result(TABLE)
    await second

    assert (conductor.num_asked, conductor.adopted) == (1, [TABLE])


async def test_whoever_waits_for_another_table_goes_on_when_it_comes():
    conductor = Conductor()
    waiting = asyncio.ensure_future(conductor.tables.next())
    await asyncio.sleep(0)
    assert not waiting.done()

    conductor.tables.come()

    await asyncio.wait_for(waiting, timeout=5)
