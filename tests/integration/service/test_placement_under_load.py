"""Homes and engines that move while callers ask, and a Conductor that is killed meanwhile."""

import asyncio

import pytest

from orchestrator.errors import ConflictError
from orchestrator.residency.placement import DispatchTable
from tests.integration.service.cell import BREATH_S, Cell, Load
from tests.integration.service.test_rollouts_under_load import entry, until


@pytest.fixture
async def cell(tmp_path):
    cell = Cell(tmp_path)
    running = asyncio.create_task(cell.run())
    yield cell
    running.cancel()
    await asyncio.wait([running])


def tables(cell: Cell) -> list[DispatchTable]:
    return [gateway.dispatch.table for gateway in cell.gateways]


def homes(cell: Cell) -> list[dict[str, tuple[str, ...]] | None]:
    return [table.homes_by_expert for table in tables(cell)]


async def place(cell: Cell):
    assert cell.conductor is not None
    return await cell.conductor.arranging.placement(True)


async def test_before_anything_is_live_or_asked_for_nothing_moves_and_it_says_why(cell):
    with pytest.raises(ConflictError, match="nothing"):
        await place(cell)
    await cell.edit(entry(cell, "a"))

    report = await place(cell)

    assert report.proposal.why == "no expert of a slot was asked for yet"
    assert not report.is_carried_out


async def test_experts_that_are_asked_for_get_homes_and_every_gateway_goes_by_them(cell):
    await cell.edit(entry(cell, "a"), entry(cell, "b"))
    async with Load(cell, "a", "b").running() as load:
        await until(lambda: len(load.answers) > 50)
        report = await place(cell)
        await until(lambda: all(homes(cell)))

    assert load.failures == []
    assert report.is_carried_out
    assert len(report.load.calls_per_s) == 2
    first, second = homes(cell)
    assert first == second == report.proposed_homes
    assert len(set(first.values())) == 2


async def test_a_conductor_that_is_killed_under_load_finds_load_and_homes_again(cell):
    await cell.edit(entry(cell, "a"), entry(cell, "b"))
    async with Load(cell, "a", "b").running() as load:
        await until(lambda: len(load.answers) > 50)
        await place(cell)
        await until(lambda: all(homes(cell)))
        before, hosts = homes(cell), [table.slots_by_expert for table in tables(cell)]

        cell.conductor = None
        num_answers = len(load.answers)
        await until(lambda: len(load.answers) > num_answers + 50)
        cell.restart_conductor()
        await cell.conductor.rollout.settle()
        await until(lambda: cell.conductor.rollcall.homes is not None)
        num_answers = len(load.answers)
        await until(lambda: len(load.answers) > num_answers + 50)

    assert load.failures == []
    assert homes(cell) == before
    assert [table.slots_by_expert for table in tables(cell)] == hosts
    assert len(cell.conductor.rollcall.gateways.load.calls_per_s) == 2
    assert all(count == 2 for count in cell.opened.values())


async def test_an_engine_moves_by_starting_first_where_it_goes_and_nobody_is_without(cell):
    await cell.edit(entry(cell, "a", kv=2.5), entry(cell, "b", num_bytes=128, kv=2.5))
    rollcall = cell.conductor.rollcall
    rollcall.rearrange(dict.fromkeys(rollcall.placed, ("local",)))
    await until(lambda: not cell.slots["local-1"].describe())
    async with Load(cell, "a", "b").running() as load:
        await until(lambda: len(load.answers) > 20)
        report = await place(cell)
        await until(lambda: len(cell.slots["local-1"].describe()) == 1)
        with pytest.raises(ConflictError, match="an earlier move"):
            await place(cell)
        while len(cell.slots["local"].describe()) != 1:
            await cell.conductor.arranging.look()
            await asyncio.sleep(BREATH_S)

    assert load.failures == []
    assert report.proposal.num_starts == 1
    assert sorted(rollcall.placed.values()) == [("local",), ("local-1",)]
