"""The order of chunks."""

from orchestrator.service.bulk.inventory import Chunk
from orchestrator.service.bulk.lanes import lanes


def chunks(**num_by_expert):
    return [
        Chunk(expert=name, number=number, first=0, last=1, prompt_tokens=1.0)
        for name, num in num_by_expert.items()
        for number in range(num)
    ]


def experts(lane):
    return list(dict.fromkeys(chunk.expert for chunk in lane))


def test_an_expert_is_done_on_one_lane_in_one_go():
    found = lanes(chunks(a=3, b=2, c=2), num_lanes=2)

    assert [experts(lane) for lane in found] == [["a"], ["b", "c"]]
    assert [len(lane) for lane in found] == [3, 4]


def test_what_is_resident_comes_first_then_the_heaviest():
    (lane,) = lanes(chunks(a=1, b=3, c=2), num_lanes=1, residents={"a"})

    assert experts(lane) == ["a", "b", "c"]


def test_there_are_no_lanes_without_work():
    assert len(lanes(chunks(a=2), num_lanes=4)) == 1
    assert lanes([], num_lanes=4) == []
