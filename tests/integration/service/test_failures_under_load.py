"""Edits that take away or spoil what is being used: the others notice nothing."""

import pytest

from orchestrator.errors import RegistryError, UnknownModelError
from tests.integration.service.cell import Cell, Load, answered
from tests.integration.service.test_rollouts_under_load import entry, running, until


@pytest.fixture
async def cell(tmp_path):
    made = Cell(tmp_path)
    async with running(made):
        yield made


def residents(cell: Cell) -> set[str]:
    """Ids of what answers without a swap, in any slot."""
    keys = (key for hosting in cell.slots.values() for key in hosting.slot.describe().residents)
    return {key.partition("@")[0] for key in keys}


async def more_answers(load: Load, num: int = 50) -> None:
    num += len(load.answers)
    await until(lambda: len(load.answers) > num)


async def test_a_resident_expert_that_is_removed_under_load_ends_with_who_is_pinned_to_it(cell):
    await cell.edit(entry(cell, "leaving"), entry(cell, "staying"))
    programs = cell.gateways[0].following.live
    programs.num_pinned += 1
    async with Load(cell, "leaving", "staying").running() as load:
        await until(lambda: "leaving" in residents(cell))
        before = dict(cell.opened)
        await cell.edit(entry(cell, "staying"))
        await more_answers(load)
        assert (await answered(programs, "leaving")).startswith("leaving@")
        programs.num_pinned -= 1
        await until(lambda: residents(cell) == {"staying"})

    assert {type(error) for error in load.failures} <= {UnknownModelError}
    assert ("staying", 2) in {(model, number) for model, number, _ in load.answers}
    assert ("leaving", 2) not in {(model, number) for model, number, _ in load.answers}
    assert cell.opened == before


def truncate(path):
    path.write_bytes(path.read_bytes()[:-10])


def replace_by_a_pickle(path):
    path.write_bytes(b"\x80\x04}q\x00.")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [(truncate, r"truncated"), (replace_by_a_pickle, r"model\.safetensors.*safetensors")],
)
async def test_weights_that_are_no_weights_are_refused_by_their_file_and_the_others_serve(
    cell, tmp_path, spoil, message
):
    await cell.edit(entry(cell, "sound"))
    spoilt = entry(cell, "spoilt")
    spoil(tmp_path / "models/spoilt-0/model.safetensors")
    async with Load(cell, "sound").running() as load:
        with pytest.raises(RegistryError, match=message):
            await cell.edit(entry(cell, "sound"), spoilt)
        await more_answers(load)

    assert load.failures == []
    assert await cell.generations.live_number() == 1


async def test_a_slot_that_an_edit_makes_too_small_is_refused_with_the_numbers(cell):
    experts = entry(cell, "large", kv=2.0), entry(cell, "other", num_bytes=128)
    await cell.edit(*experts)
    before = {name: hosting.stamp for name, hosting in cell.slots.items()}
    async with Load(cell, "large", "other").running() as load:
        cell.slot_entry = "{name: local, count: 2, memory_gib: 2.5}"
        with pytest.raises(RegistryError, match=r"'large' needs .* = 3 GiB.*has 2\.5 GiB"):
            await cell.edit(*experts)
        await more_answers(load)

    assert load.failures == []
    assert {name: hosting.stamp for name, hosting in cell.slots.items()} == before
