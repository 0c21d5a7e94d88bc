import numpy as np
import pytest

from orchestrator.engines.base import Chunk, Delta, Usage
from orchestrator.engines.embedding import Vectors
from orchestrator.engines.slot_time import SlotTime, embedded, timed
from orchestrator.errors import EngineDeadError


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_calls_at_once_share_the_time_and_all_shares_are_the_time_that_something_ran():
    clock = Clock()
    time = SlotTime("local", clock=clock)
    first = time.begin()
    clock.now_s = 10.0  # alone: 10
    second = time.begin()
    clock.now_s = 16.0  # two: 3 each
    first_s = time.share_s(first)
    time.end()
    clock.now_s = 20.0  # alone: 4
    second_s = time.share_s(second)
    time.end()
    clock.now_s = 99.0  # idle

    assert (first_s, second_s) == (13.0, 7.0)
    assert time.share_s(time.begin()) == 0.0


async def test_the_share_is_told_with_the_usage_and_a_call_that_is_cut_runs_no_more():
    clock = Clock()
    time = SlotTime("local", clock=clock)

    async def items():
        yield Chunk(deltas=(Delta(index=0, text="a"),))
        clock.now_s += 2.0
        yield Chunk(usage=Usage(prompt_tokens=1, completion_tokens=1))

    told = [item async for item in timed(items(), time)]
    cut = timed(items(), time)
    await anext(cut)
    await cut.aclose()

    assert told[-1].usage.slot_s == pytest.approx(2.0)
    assert told[-1].usage.slot == "local"
    assert time.share_s(time.begin()) == 0.0


async def test_vectors_share_the_time_as_answers_do_and_those_that_fail_run_no_more():
    clock = Clock()
    time = SlotTime("local", clock=clock)

    async def work(*, fails=False):
        clock.now_s += 3.0
        if fails:
            raise EngineDeadError("gone")
        return Vectors(values=np.zeros((1, 2), np.float32), num_tokens=1)

    found = await embedded(work(), time)
    with pytest.raises(EngineDeadError):
        await embedded(work(fails=True), time)

    assert (found.slot_s, found.slot) == (pytest.approx(3.0), "local")
    assert time.share_s(time.begin()) == 0.0
