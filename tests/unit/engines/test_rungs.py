import asyncio
from pathlib import Path

import pytest

from orchestrator.engines import rungs
from orchestrator.engines.fake_vllm import FakeAsyncLLM
from orchestrator.engines.fake_vllm_memory import FakeAccelerator
from orchestrator.errors import OutOfMemoryError, SwapError

FIRST, SECOND = Path("/models/first"), Path("/models/second")


@pytest.fixture
def engine():
    return FakeAsyncLLM(str(FIRST))


async def said(engine, *prompt):
    queue = await engine.add_request("r", {"prompt_token_ids": prompt or (1, 2)}, None)
    return queue.get_nowait().outputs[0].token_ids


async def fresh(folder):
    return await said(FakeAsyncLLM(str(folder)))


async def fallen(engine, rung):
    await said(engine)  # leaves blocks in the prefix cache
    await rungs.fall_asleep(engine, rung)


async def test_a_reload_turns_an_engine_into_its_sibling(engine):
    await said(engine)

    await rungs.reload(engine, SECOND)

    assert await said(engine) == await fresh(SECOND) != await fresh(FIRST)


async def test_weights_that_are_kept_are_read_once_and_known_by_their_fingerprint(engine):
    was_read = [
        await rungs.reload(engine, folder, kept_as=kept_as)
        for folder, kept_as in [(SECOND, "b"), (FIRST, "a"), (SECOND, "b"), (SECOND, "changed")]
    ]

    assert was_read == [True, True, False, True]
    assert await said(engine) == await fresh(SECOND)


async def test_weights_that_come_back_find_no_block_of_others_in_the_prefix_cache(engine):
    for folder in (SECOND, FIRST, SECOND):
        await rungs.reload(engine, folder, kept_as=str(folder))
        assert await said(engine) == await fresh(folder)


async def test_a_reload_waits_for_what_runs(engine):
    engine.scheduler.hold()
    running = await engine.add_request("r", {"prompt_token_ids": (1, 2)}, None)
    reload = asyncio.create_task(rungs.reload(engine, SECOND))
    await asyncio.sleep(0)

    engine.scheduler.let_go()
    await reload

    assert (await running.get()).outputs[0].token_ids == await fresh(FIRST)


@pytest.mark.parametrize(
    ("rung", "folder", "speaks"),
    [
        ("asleep", None, FIRST),
        ("asleep", SECOND, SECOND),
        ("weightless", FIRST, FIRST),
        ("weightless", SECOND, SECOND),
    ],
)
async def test_what_wakes_up_speaks_as_a_fresh_engine(engine, rung, folder, speaks):
    before = engine.num_device_bytes
    await fallen(engine, rung)

    await rungs.wake(engine, rung, folder=folder)

    assert await said(engine) == await fresh(speaks)
    assert engine.num_device_bytes == before


@pytest.mark.parametrize(("rung", "host_bytes"), [("asleep", 32 + 32 + 8), ("weightless", 0)])
async def test_a_sleeper_keeps_its_residue_and_at_level_one_its_weights(engine, rung, host_bytes):
    await rungs.fall_asleep(engine, rung)

    assert (engine.num_device_bytes, engine.pools.num_host_bytes) == (10, host_bytes)


async def test_what_runs_is_waited_for_and_not_aborted(engine):
    engine.scheduler.hold()
    running = await engine.add_request("r", {"prompt_token_ids": (1, 2)}, None)
    falling = asyncio.create_task(rungs.fall_asleep(engine, "asleep"))
    await asyncio.sleep(0)

    assert not falling.done()
    engine.scheduler.let_go()
    await falling

    assert (await running.get()).outputs[0].token_ids == await fresh(FIRST)


#: What somebody else takes while the engine sleeps -> what no longer fits of its 100 bytes.
NO_ROOM = {
    "half of the weights": ("asleep", None, 150),
    "the last of the cache": ("asleep", None, 100),
    "the weights of another": ("asleep", SECOND, 150),
    "the cache after another's weights": ("asleep", SECOND, 106),
    "weights that were dropped": ("weightless", FIRST, 150),
    "the cache after weights that were dropped": ("weightless", FIRST, 106),
}


@pytest.mark.parametrize(("rung", "folder", "taken"), NO_ROOM.values(), ids=NO_ROOM)
async def test_without_room_it_sleeps_on_and_wakes_up_right_once_there_is(rung, folder, taken):
    engine = FakeAsyncLLM(str(FIRST), accelerator=FakeAccelerator(200))
    await fallen(engine, rung)
    engine.accelerator.take("somebody", taken)

    with pytest.raises(OutOfMemoryError, match=f"no room: CUDA Error: out of memory; it is {rung}"):
        await rungs.wake(engine, rung, folder=folder)

    assert engine.num_device_bytes == 10
    engine.accelerator.give_back("somebody", taken)
    await rungs.wake(engine, rung, folder=folder)
    assert await said(engine) == await fresh(folder or FIRST)


async def test_of_several_ranks_one_without_room_leaves_a_restart_alone(engine):
    engine = FakeAsyncLLM(str(FIRST), accelerator=FakeAccelerator(115), num_ranks=2)
    await fallen(engine, "asleep")
    engine.accelerator.take("somebody", 100)

    with pytest.raises(SwapError, match="one of 2 ranks") as caught:
        await rungs.wake(engine, "asleep", num_ranks=2)

    assert not isinstance(caught.value, OutOfMemoryError)


async def test_a_load_without_room_leaves_a_restart_alone():
    engine = FakeAsyncLLM(str(FIRST), accelerator=FakeAccelerator(120))
    await rungs.fall_asleep(engine, "weightless")
    engine.accelerator.take("somebody", 35)

    with pytest.raises(SwapError, match=r"did not wake up.*CUDA out of memory") as caught:
        await rungs.wake(engine, "weightless", folder=FIRST)

    assert not isinstance(caught.value, OutOfMemoryError)


class Lost(FakeAccelerator):
    """It fails otherwise than for want of room."""

    def take(self, owner, num_bytes):
        if getattr(self, "is_lost", False):
            raise RuntimeError("CUDA error: device lost")
        super().take(owner, num_bytes)


async def test_a_wake_that_fails_otherwise_leaves_a_restart_alone():
    accelerator = Lost()
    engine = FakeAsyncLLM(str(FIRST), accelerator=accelerator)
    await rungs.fall_asleep(engine, "asleep")
    accelerator.is_lost = True

    with pytest.raises(SwapError, match=r"did not wake up: Exception: .*device lost"):
        await rungs.wake(engine, "asleep")
