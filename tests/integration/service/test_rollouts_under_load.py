"""Edits of a whole cell under load: no request fails, none is answered by two generations."""

import asyncio
import random
from contextlib import asynccontextmanager

import pytest

from orchestrator.engines.hosting import Hosting
from orchestrator.errors import RegistryError
from tests.integration.service.cell import Cell, Load, answered
from tests.polling import until


@asynccontextmanager
async def running(cell: Cell):
    task = asyncio.create_task(cell.run())
    yield
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled(), task.exception()


@pytest.fixture
async def cell(tmp_path):
    made = Cell(tmp_path)
    async with running(made):
        yield made


def entry(cell: Cell, id_: str, edition: int = 0, *, num_bytes: int = 64, kv: float = 0.25) -> str:
    model = cell.model(f"{id_}-{edition}", num_bytes=num_bytes)
    return f"{{id: {id_}, model: {model}, engine: {{kind: vllm, kv_cache_gib: {kv}}}}}"


def held(slot: Hosting) -> set[str]:
    return {engine.lineage for engine in slot.describe()}


async def test_fifty_edits_under_load_fail_no_request_and_mix_no_generations(cell):
    draw = random.Random(5)
    steady = entry(cell, "steady")
    await cell.edit(steady, entry(cell, "edited"))
    async with Load(cell, "steady", "edited").running(num_callers=3) as load:
        for number in range(1, 51):
            extra = [entry(cell, f"x{draw.randrange(4)}")] if draw.random() < 0.5 else []
            faulty = ["{id: 'no good'}"] if draw.random() < 0.2 else []
            edited = entry(cell, "edited", number % 7, num_bytes=draw.choice([64, 128]))
            try:
                await cell.edit(steady, edited, *extra, *faulty)
            except RegistryError:
                assert faulty

    assert load.failures == []
    assert load.mixed() == []
    assert all(len(versions) == 1 for versions in load.versions().values())
    assert len({text for _, _, text in load.answers}) > 5


async def test_an_edit_that_adds_a_sibling_starts_no_engine(cell):
    await cell.edit(entry(cell, "a"))
    opened = sum(cell.opened.values())

    await cell.edit(entry(cell, "a"), entry(cell, "b"))

    assert sum(cell.opened.values()) == opened
    assert (await cell.gateways[0].ask("b"))[1].startswith("b@")


async def test_what_is_removed_is_gone_on_every_gateway_and_its_engine_is_closed(cell):
    await cell.edit(entry(cell, "a"), entry(cell, "b", num_bytes=128))

    await cell.edit(entry(cell, "a"))
    await until(lambda: all("b" not in one.following.live for one in cell.gateways))
    await until(lambda: all(len(one.describe()) == 1 for one in cell.slots.values()))


async def test_an_engine_that_does_not_start_is_named_and_nothing_of_it_stays(cell):
    await cell.edit(entry(cell, "a"))
    cell.broken.add("bad-0")
    async with Load(cell, "a").running() as load:
        with pytest.raises(RegistryError, match=r"slot local-\d: model-\w+ does not start"):
            await cell.edit(entry(cell, "a"), entry(cell, "bad", num_bytes=128))
        await until(lambda: all(len(one.describe()) == 1 for one in cell.slots.values()))

    assert load.failures == []
    assert await cell.generations.live_number() == 1


async def test_an_edit_that_needs_the_room_of_what_is_live_has_its_engines_take_turns(cell):
    await cell.edit(entry(cell, "a", kv=2.5), entry(cell, "b", num_bytes=128, kv=2.5))

    await cell.edit(entry(cell, "a", kv=2.6), entry(cell, "b", num_bytes=128, kv=2.5))

    assert [(await cell.gateways[0].ask(name))[0] for name in "ab"] == [2, 2]


async def test_a_replica_makes_room_for_a_newcomer_under_load(cell):
    await cell.edit(entry(cell, "a", kv=2.0))  # 3 of 4 GiB in both slots
    async with Load(cell, "a").running() as load:
        await cell.edit(entry(cell, "a", kv=2.0), entry(cell, "b", num_bytes=128, kv=2.0))

    assert load.failures == []
    assert (await cell.gateways[0].ask("b"))[1].startswith("b@")


async def test_weights_that_were_exchanged_in_place_are_started_before_the_old_ones_end(cell):
    await cell.edit(entry(cell, "a"))
    (before,) = cell.opened
    async with Load(cell, "a").running() as load:
        await cell.edit(entry(cell, "a", num_bytes=128), entry(cell, "b", num_bytes=128))
        await until(lambda: all(before not in held(one) for one in cell.slots.values()))

    assert load.failures == []
    assert len(cell.opened) == 2


async def test_a_worker_that_is_killed_comes_back_with_all_of_it(cell):
    await cell.edit(entry(cell, "a"), entry(cell, "b", num_bytes=128))

    cell.kill_worker("local")
    await until(lambda: len(cell.slots["local"].slot.describe().hosts) == 2)

    assert (await cell.gateways[0].ask("b"))[1].startswith("b@")


async def test_a_worker_killed_during_an_edit_does_not_stop_it(cell):
    await cell.edit(entry(cell, "a"))
    async with Load(cell, "a").running() as load:
        edit = asyncio.create_task(
            cell.edit(entry(cell, "a"), entry(cell, "b", num_bytes=128, kv=1))
        )
        await until(lambda: cell.gateways[0].following.prepared == 2)
        cell.kill_worker("local-1")
        await edit

    assert load.failures == []
    assert (await cell.gateways[1].ask("b"))[1].startswith("b@")


async def test_a_conductor_killed_during_an_edit_forgets_it_and_serves_what_is_live(cell):
    await cell.edit(entry(cell, "a"))
    async with Load(cell, "a").running() as load:
        before = cell.conductor
        cell.gateways[1].may_load.clear()  # so that the edit cannot become live
        edit = asyncio.create_task(cell.edit(entry(cell, "b")))
        await until(lambda: cell.gateways[0].following.prepared == 2)
        cell.restart_conductor()
        edit.cancel()
        await before.rollout.close()
        await cell.conductor.rollout.settle()
        await until(lambda: all(one.following.prepared is None for one in cell.gateways))
        cell.gateways[1].may_load.set()

        await cell.edit(entry(cell, "a"), entry(cell, "c"))

    assert load.failures == []
    assert await cell.generations.live_number() == 3


async def test_a_gateway_without_a_conductor_still_follows_the_pointer(cell):
    await cell.edit(entry(cell, "a"), entry(cell, "b"))
    conductor, cell.conductor = cell.conductor, None
    record = await cell.generations.read(1)
    less = record.registry.model_copy(update={"experts": record.registry.experts[:1]})
    proposed = await cell.generations.propose(
        less, text="", folder="/", source="request", restores=None
    )

    await cell.generations.flip(proposed.number, expected=1)
    await until(lambda: all("b" not in one.following.live for one in cell.gateways))

    assert (await cell.gateways[0].ask("a"))[1].startswith("a@")
    cell.conductor = conductor


async def test_slots_come_and_go_under_load(cell):
    experts = entry(cell, "a"), entry(cell, "b", num_bytes=128)
    await cell.edit(*experts)
    async with Load(cell, "a", "b").running() as load:
        for slots, names in [
            ("{name: local, count: 3, memory_gib: 4}", {"local", "local-1", "local-2"}),
            ("{name: local, memory_gib: 4}", {"local"}),
            ("{name: local, memory_gib: 4, cpus: 2}", {"local@2cpus"}),
            ("{name: other, memory_gib: 4}", {"other"}),
        ]:
            cell.slot_entry = slots
            await cell.edit(*experts)
            await until(lambda names=names: set(cell.slots) == names)

    assert load.failures == []
    assert len(load.answers) > 100


async def test_a_slot_that_is_removed_stays_while_a_request_is_pinned_to_what_it_has_alone(cell):
    await cell.edit(entry(cell, "a"), entry(cell, "old", num_bytes=128))
    programs = cell.gateways[0].following.live
    programs.num_pinned += 1

    cell.slot_entry = "{name: other, memory_gib: 4}"
    await cell.edit(entry(cell, "a"))
    await until(lambda: all(len(held(one)) == 1 for one in cell.slots.values()))
    assert set(cell.slots) == {"local", "local-1", "other"}
    assert (await answered(programs, "old")).startswith("old@")
    programs.num_pinned -= 1

    await until(lambda: set(cell.slots) == {"other"})


async def test_a_conductor_killed_while_slots_change_leaves_no_slot_behind(cell):
    await cell.edit(entry(cell, "a"))
    before, cell.slot_entry = cell.conductor, "{name: other, memory_gib: 4}"
    edit = asyncio.create_task(cell.edit(entry(cell, "a"), entry(cell, "b", num_bytes=128)))
    await until(lambda: "other" in cell.slots)
    cell.restart_conductor()
    edit.cancel()
    await before.rollout.close()
    await cell.conductor.rollout.settle()

    await until(lambda: set(cell.slots) == {"local", "local-1"})

    assert (await cell.gateways[0].ask("a"))[1].startswith("a@")


async def test_experts_of_a_slot_that_is_removed_take_turns_in_the_one_that_is_left(cell):
    experts = [entry(cell, f"e{i}", num_bytes=64 * (i + 1), kv=2.5) for i in range(2)]
    await cell.edit(*experts)

    cell.slot_entry = "{name: local, memory_gib: 4}"
    await cell.edit(*experts)

    assert [(await cell.gateways[0].ask(f"e{i}"))[0] for i in range(2)] == [2, 2]
    await until(lambda: set(cell.slots) == {"local"})
