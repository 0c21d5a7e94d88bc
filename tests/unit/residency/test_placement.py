import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import SetupError
from orchestrator.residency.placement import DispatchTable, Lineage, SlotSpace, place


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
        ([lineage("a", gib=3), lineage("b", gib=3)], slots(4), "no slot has room left for lineage"),
        ([lineage("a")], [], "the registry has none under `slots`"),
        ([lineage("a", accelerators=2)], slots(4), "spans 2 accelerators"),
        ([lineage("a")], slots(4) * 2, "slot 'local-0' is listed twice"),
    ],
    ids=["too large", "too many", "no slots", "too wide", "slot twice"],
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


def test_a_newcomer_without_room_is_refused_while_the_live_ones_need_theirs():
    with pytest.raises(SetupError, match=r"room left for lineage 'new'.*'local-0' 1 GiB"):
        placed([lineage("a", gib=3), lineage("new", gib=2)], slots(4), previous={"a": ["local-0"]})


SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=6)


@given(needs=SIZES, rooms=SIZES)
def test_a_placement_never_overdraws_and_leaves_nobody_out(needs, rooms):
    lineages = [lineage(f"l{i}", gib=need) for i, need in enumerate(needs)]
    try:
        table = placed(lineages, slots(*rooms))
    except SetupError:
        assert max(needs) > max(rooms) or sum(needs) > sum(rooms) - max(needs) * len(rooms)
        return

    used = {f"local-{i}": 0 for i in range(len(rooms))}
    for line in lineages:
        assert table.slots(line.id)
        for name in table.slots(line.id):
            used[name] += int(line.memory_gib)
    assert all(used[f"local-{i}"] <= room for i, room in enumerate(rooms))


@given(needs=SIZES, rooms=SIZES, kept=st.data())
def test_one_more_lineage_moves_none_that_has_a_slot(needs, rooms, kept):
    lineages = [lineage(f"l{i}", gib=need) for i, need in enumerate(needs)]
    try:
        before = placed(lineages, slots(*rooms))
        held = {line.id: before.slots(line.id) for line in lineages}
        size = kept.draw(st.integers(1, 4))
        after = placed([*lineages, lineage("new", gib=size)], slots(*rooms), previous=held)
    except SetupError:
        return

    for line in lineages:
        assert set(after.slots(line.id)) & set(held[line.id])
    for i, room in enumerate(rooms):
        assert (
            sum(line.memory_gib for line in lineages if f"local-{i}" in after.slots(line.id))
            + (size if f"local-{i}" in after.slots("new") else 0)
            <= room
        )
