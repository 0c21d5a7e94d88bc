"""A cell whose slot holds one engine at a time and is assigned three: all are served in turn."""

import asyncio

import pytest

from tests.integration.service.cell import Cell, Load
from tests.integration.service.test_rollouts_under_load import entry, running, until


@pytest.fixture
async def small(tmp_path):
    made = Cell(tmp_path, slots=1)
    async with running(made):
        yield made


def three(cell: Cell, edition: int = 0) -> list[str]:
    """Three lineages of 3.5 GiB; the slot has 4."""
    return [
        entry(cell, "abc"[i], edition if i == 2 else 0, num_bytes=64 * (i + 1), kv=2.5)
        for i in range(3)
    ]


def serving(cell: Cell) -> int:
    report = cell.slots["local"].slot.describe()
    return sum(host.rung == "serving" for host in report.hosts)


async def test_all_are_served_in_turn_and_the_slot_never_holds_more_than_it_can(small):
    await small.edit(*three(small))
    async with Load(small, "a", "b", "c").running() as load:
        for _ in range(20):
            before = len(load.answers)
            await until(lambda before=before: len(load.answers) > before + 10)
            assert serving(small) <= 1

    assert load.failures == []
    assert load.mixed() == []
    assert {model for model, _, _ in load.answers} == {"a", "b", "c"}
    assert all(text.startswith(f"{model}@") for model, _, text in load.answers)


async def test_an_edit_that_replaces_what_answers_under_load_fails_no_request(small):
    await small.edit(*three(small))
    async with Load(small, "a", "b", "c").running(num_callers=3) as load:
        for edition in range(1, 6):
            await small.edit(*three(small, edition))

    assert load.failures == []
    assert load.mixed() == []
    assert all(len(versions) == 1 for versions in load.versions().values())


async def test_an_expert_that_is_removed_while_it_answers_ends_its_calls_and_leaves(small):
    await small.edit(*three(small))
    async with Load(small, "c").running(num_callers=2) as leaving:
        await until(lambda: len(leaving.answers) > 10)
    async with Load(small, "a", "b").running(num_callers=2) as load:
        await small.edit(*three(small)[:2])
        await until(lambda: len(small.slots["local"].describe()) == 2)

    assert load.failures == leaving.failures == []


async def test_a_worker_that_is_killed_serves_all_of_them_again(small):
    await small.edit(*three(small))

    small.kill_worker("local")
    await until(lambda: len(small.slots["local"].slot.describe().experts) == 3)

    answers = await asyncio.gather(*(small.gateways[0].ask(model) for model in "cba"))
    assert [text[0] for _, text in answers] == ["c", "b", "a"]
