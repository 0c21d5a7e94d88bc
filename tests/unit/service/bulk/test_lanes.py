"""The order of chunks."""

from orchestrator.planner.slots import PlannedSlot
from orchestrator.service.bulk.inventory import Chunk
from orchestrator.service.bulk.lanes import LINEAGE, lanes


def chunks(**num_by_expert):
    return [
        Chunk(
            expert=name, number=number, first=0, last=1, prompt_tokens=10_000, output_tokens=5_000
        )
        for name, num in num_by_expert.items()
        for number in range(num)
    ]


def slot(name, *residents, experts="abc"):
    return PlannedSlot(
        name=name, experts=frozenset(experts), residents=residents, serving=(LINEAGE,)
    )


def experts(lane):
    """Each once for every time that it is begun."""
    return [
        one for place, one in enumerate(names(lane)) if place == 0 or names(lane)[place - 1] != one
    ]


def names(lane):
    return [chunk.expert for chunk in lane]


def test_on_one_slot_an_expert_is_begun_once_and_the_resident_first():
    (lane,) = lanes(chunks(a=2, b=3, c=2), [slot("s", "b")])

    assert experts(lane)[0] == "b"
    assert sorted(experts(lane)) == ["a", "b", "c"]
    assert [chunk.number for chunk in lane if chunk.expert == "b"] == [0, 1, 2]


def test_several_slots_share_the_work_where_experts_are_resident():
    found = lanes(chunks(a=4, b=4), [slot("s", "a"), slot("t", "b")])

    assert sorted(map(experts, found)) == [["a"], ["b"]]


def test_experts_that_no_slot_hosts_are_answered_beside_the_others():
    found = lanes(chunks(a=1, remote=1), [slot("s", "a")])

    assert sorted(map(experts, found)) == [["a"], ["remote"]]


def test_a_service_that_tells_nothing_has_one_lane_with_every_chunk_once():
    given = chunks(a=2, b=3)

    (lane,) = lanes(given)

    assert sorted(lane, key=given.index) == given
    assert sorted(experts(lane)) == ["a", "b"]


def test_nothing_left_is_no_lane():
    assert lanes([], [slot("s")]) == []
