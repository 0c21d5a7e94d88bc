import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import SetupError
from orchestrator.residency.placement import DispatchTable, place
from orchestrator.residency.spaces import Lineage, SlotSpace


def lineage(id_: str, *experts: str, gib: float = 1.0, accelerators: int = 1) -> Lineage:
    return Lineage(id=id_, experts=experts or (id_,), memory_gib=gib, accelerators=accelerators)


def placed(*args, **fields) -> DispatchTable:
    return place(*args, **fields).table


def slots(*gib: float, accelerators: int = 0) -> list[SlotSpace]:
    return [
        SlotSpace(name=f"local-{i}", memory_gib=size, accelerators=accelerators)
        for i, size in enumerate(gib)
    ]


def test_experts_of_one_lineage_share_a_slot():
    table = placed([lineage("llama", "maths", "french")], slots(4))

    assert table.slots_by_expert == {"maths": ("local-0",), "french": ("local-0",)}


def test_lineages_spread_before_they_share():
    table = placed([lineage("a", gib=3), lineage("b", gib=3)], slots(4, 4))

    assert table.slots_by_expert == {"a": ("local-0",), "b": ("local-1",)}


def test_what_memory_is_left_holds_replicas():
    table = placed([lineage("a", gib=2), lineage("b", gib=2)], slots(4, 4))

    assert table.slots("a") == table.slots("b") == ("local-0", "local-1")


def test_more_slots_than_lineages_take_replicas_in_turn():
    table = placed([lineage("a", gib=4), lineage("b", gib=4)], slots(4, 4, 4, 4))

    assert len(table.slots("a")) == len(table.slots("b")) == 2


def test_lineages_are_packed_where_spreading_would_leave_one_out():
    lineages = [lineage("a", gib=2), lineage("b", gib=2), lineage("c", gib=2)]

    table = placed(lineages, slots(2, 4))

    assert all(table.slots(expert) for expert in "abc")


def test_a_table_survives_json():
    table = placed([lineage("a")], slots(4))

    assert DispatchTable.model_validate_json(table.model_dump_json()) == table


def test_a_slot_knows_its_experts_and_an_unknown_expert_has_no_slots():
    table = placed([lineage("a", "x", "y", gib=3), lineage("b", gib=3)], slots(4, 4))

    assert table.experts_on("local-0") == ("x", "y")
    assert table.slots("z") == ()


@pytest.mark.parametrize(
    ("lineages", "room", "message"),
    [
        ([lineage("a", gib=6)], slots(4, 5), "needs 6 GiB and the largest slot for it, 'local-1'"),
        ([lineage("a")], [], "the registry has none under `slots`"),
        ([lineage("a", accelerators=2)], slots(4), "spans 2 accelerators"),
        ([lineage("a")], slots(4) * 2, "slot 'local-0' is listed twice"),
    ],
    ids=["too large", "no slots", "too wide", "slot twice"],
)
def test_what_cannot_be_placed_is_refused_with_the_numbers(lineages, room, message):
    with pytest.raises(SetupError, match=message):
        placed(lineages, room)


def test_an_expert_of_two_lineages_is_in_the_slots_of_both():
    table = placed([lineage("a", "x", gib=3), lineage("b", "x", "y", gib=3)], slots(4, 4))

    assert table.slots_by_expert == {"x": ("local-0", "local-1"), "y": ("local-1",)}


def test_what_is_placed_stays_and_a_newcomer_takes_what_is_free():
    lineages = [lineage("a", gib=2), lineage("b", gib=2), lineage("c", gib=3)]

    # Afresh the largest would choose first: c alone on one slot, a and b on the other.
    table = placed(lineages, slots(5, 3), previous={"a": ["local-0"], "b": ["local-1"]})

    assert table.slots_by_expert == {"a": ("local-0",), "b": ("local-1",), "c": ("local-0",)}


def test_a_replica_gives_way_to_a_newcomer_and_the_last_one_does_not():
    everywhere = ["local-0", "local-1"]

    table = placed(
        [lineage("a", gib=2), lineage("b", gib=2), lineage("new", gib=2)],
        slots(4, 4),
        previous={"a": everywhere, "b": everywhere},
    )

    assert table.slots("new")
    assert table.slots("a")
    assert table.slots("b")
    assert set(table.slots("a")) | set(table.slots("b")) == set(everywhere)


def test_what_is_no_longer_wanted_frees_its_room():
    table = placed([lineage("new", gib=4)], slots(4), previous={"old": ["local-0"]})

    assert table.slots("new") == ("local-0",)


def test_what_fits_beside_the_others_nowhere_takes_turns_where_least_is_overdrawn():
    lineages = [lineage("a", gib=3), lineage("b", gib=2), lineage("c", gib=2.5)]

    # Beside a there is 1 of 4 GiB left and beside b none of 2, which c would not even fit alone.
    placement = place(lineages, slots(4, 2))

    assert placement.table.slots_by_expert == {
        "a": ("local-0",),
        "b": ("local-1",),
        "c": ("local-0",),
    }
    assert placement.taking_turns == {"local-0": ("a", "c")}


def test_a_newcomer_without_room_takes_turns_and_what_is_live_stays():
    lineages = [lineage("a", gib=3), lineage("new", gib=2)]

    placement = place(lineages, slots(4), previous={"a": ["local-0"]})

    assert placement.slots_by_lineage == {"a": ("local-0",), "new": ("local-0",)}


def test_who_takes_turns_does_so_in_the_same_slot_until_there_is_room():
    lineages = [lineage("a", gib=3), lineage("b", gib=3), lineage("c", gib=3)]
    held = {"a": ["local-0"], "b": ["local-1"], "c": ["local-1"]}

    assert placed(lineages, slots(4, 4), previous=held).slots("c") == ("local-1",)
    assert placed(lineages, slots(4, 4, 4), previous=held).slots("c") == ("local-2",)


def test_replicas_give_way_before_anybody_takes_turns_for_long():
    everywhere = ["local-0", "local-1"]

    placement = place(
        [lineage("a", gib=2), lineage("b", gib=2), lineage("big", gib=4)],
        slots(4, 4),
        previous={"a": everywhere, "b": everywhere},
    )

    assert placement.table.slots("big") == ("local-0",)
    assert placement.taking_turns == {}


SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=6)


@given(needs=SIZES, rooms=SIZES)
def test_a_placement_leaves_nobody_out_and_says_where_it_overdraws(needs, rooms):
    lineages = [lineage(f"l{i}", gib=need) for i, need in enumerate(needs)]
    if max(needs) > max(rooms):
        with pytest.raises(SetupError, match="and the largest slot for it"):
            place(lineages, slots(*rooms))
        return

    placement = place(lineages, slots(*rooms))

    used = used_gib(lineages, placement.table, len(rooms))
    assert all(placement.table.slots(line.id) for line in lineages)
    assert {f"local-{i}" for i, room in enumerate(rooms) if used[i] > room} == set(
        placement.taking_turns
    )
    for line in lineages:
        assert line.memory_gib <= max(
            rooms[int(name[-1])] for name in placement.table.slots(line.id)
        )


@given(needs=SIZES, rooms=SIZES, size=st.integers(1, 4))
def test_one_more_lineage_moves_none_that_has_room_in_its_slot(needs, rooms, size):
    lineages = [lineage(f"l{i}", gib=need) for i, need in enumerate(needs)]
    if max(*needs, size) > max(rooms):
        return
    before = place(lineages, slots(*rooms))
    held = {line.id: before.table.slots(line.id) for line in lineages}

    after = placed([*lineages, lineage("new", gib=size)], slots(*rooms), previous=held)

    turning = {one for names in before.taking_turns.values() for one in names}
    for line in lineages:
        assert line.id in turning or set(after.slots(line.id)) & set(held[line.id])
    assert after.slots("new")


@given(needs=SIZES, rooms=SIZES)
def test_placing_again_what_is_placed_changes_nothing(needs, rooms):
    lineages = [lineage(f"l{i}", gib=need) for i, need in enumerate(needs)]
    if max(needs) > max(rooms):
        return
    once = place(lineages, slots(*rooms))

    assert place(lineages, slots(*rooms), previous=once.slots_by_lineage) == once


def used_gib(lineages: list[Lineage], table: DispatchTable, num_slots: int) -> list[float]:
    return [
        sum(line.memory_gib for line in lineages if f"local-{i}" in table.slots(line.id))
        for i in range(num_slots)
    ]
