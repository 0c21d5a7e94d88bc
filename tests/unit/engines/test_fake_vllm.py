"""The fake does wrong what vLLM does wrong: what our order of calls avoids is heard without it."""

from types import SimpleNamespace

import pytest

from orchestrator.engines.fake_vllm import FakeAsyncLLM
from orchestrator.engines.fake_vllm_memory import FakeAccelerator

PROMPT = {"prompt_token_ids": (1, 2)}
LORA = SimpleNamespace(lora_int_id=1, lora_path="/adapters/curt")


@pytest.fixture
async def engine():
    engine = FakeAsyncLLM("first")
    await said(engine)
    return engine


async def said(engine, lora=None):
    queue = await engine.add_request("r", PROMPT, None, lora_request=lora)
    told = queue.get_nowait()
    return None if told is None else told.outputs[0].token_ids


async def loads(engine, folder):
    await engine.collective_rpc("reload_weights", kwargs={"weights_path": folder})


async def without_a_reload(engine):
    await engine.sleep(2, "wait")
    await engine.wake_up()


async def with_another_left_in_host_memory(engine):
    await engine.sleep(1, "wait")
    await engine.wake_up()


async def with_a_stale_prefix_cache(engine):
    await engine.pause_generation(mode="wait", clear_cache=False)
    await loads(engine, "second")
    await engine.resume_generation()


async def with_buffers_discarded(engine):
    await engine.sleep(2, "wait")
    await engine.wake_up(["weights"])
    await engine.collective_rpc("discard", kwargs={"tags": ("weights", "kv_cache")})
    await engine.wake_up()
    await loads(engine, "second")


WRONG = (
    without_a_reload,
    with_another_left_in_host_memory,
    with_a_stale_prefix_cache,
    with_buffers_discarded,
)


@pytest.mark.parametrize("steps", WRONG, ids=lambda steps: steps.__name__)
async def test_a_wrong_order_of_calls_is_heard_in_what_is_said(engine, steps):
    await steps(engine)

    assert await said(engine) not in (None, await said(FakeAsyncLLM("second")))


async def test_weights_that_change_under_a_request_make_a_hybrid(engine):
    await engine.reset_prefix_cache()
    engine.scheduler.hold()
    running = await engine.add_request("r", PROMPT, None)
    await loads(engine, "second")
    engine.scheduler.let_go()

    answer = running.get_nowait().outputs[0].token_ids

    assert answer not in [await said(FakeAsyncLLM(name)) for name in ("first", "second")]


async def test_sleep_aborts_what_runs_unless_told_to_wait(engine):
    engine.scheduler.hold()
    running = await engine.add_request("r", PROMPT, None)

    await engine.sleep(1)

    assert running.get_nowait().outputs[0].finish_reason == "abort"


async def test_a_request_to_a_sleeper_is_neither_refused_nor_answered(engine):
    await engine.sleep(1, "wait")

    assert await said(engine) is None
    assert engine.get_num_unfinished_requests() == 1


async def test_half_awake_it_schedules_nothing(engine):
    await engine.sleep(1, "wait")

    assert not await engine.wake_up(["weights"])
    assert await engine.is_sleeping()
    assert await said(engine) is None


async def test_a_second_level_of_sleep_changes_nothing(engine):
    await engine.sleep(1, "wait")
    kept = engine.pools.num_host_bytes

    await engine.sleep(2, "wait")
    await engine.wake_up()

    assert (await said(engine), engine.pools.num_host_bytes) == (
        await said(FakeAsyncLLM("first")),
        kept,
    )


async def test_a_pause_alone_counts_as_sleep(engine):
    await engine.pause_generation(mode="keep")

    assert await engine.is_sleeping()
    assert engine.num_device_bytes == 115


async def test_adapters_outlive_a_sleep_with_their_weights_and_no_reload(engine):
    await engine.add_lora(LORA)
    before = await said(engine, LORA)

    await engine.sleep(1, "wait")
    await engine.wake_up()
    after = await said(engine, LORA)
    await loads(engine, "second")

    assert (after, engine.adapters) == (before, {})


async def test_an_adapter_added_to_a_sleeper_kills_it(engine):
    await engine.sleep(1, "wait")

    with pytest.raises(Exception, match=r"add_lora method failed: .*illegal memory access"):
        await engine.add_lora(LORA)

    assert engine.errored


async def test_a_wake_without_room_keeps_what_it_mapped(engine):
    engine = FakeAsyncLLM("first", accelerator=FakeAccelerator(115))
    await engine.sleep(1, "wait")
    engine.accelerator.take("somebody", 60)

    with pytest.raises(Exception, match="wake_up method failed: CUDA Error: out of memory"):
        await engine.wake_up()

    assert engine.num_device_bytes == 10 + 30


async def test_after_a_failure_on_several_ranks_replies_are_out_of_step():
    engine = FakeAsyncLLM("first", accelerator=FakeAccelerator(115), num_ranks=2)
    await engine.sleep(1, "wait")
    engine.accelerator.take("somebody", 60)
    with pytest.raises(Exception, match="out of memory"):
        await engine.wake_up()
    engine.accelerator.give_back("somebody", 60)

    with pytest.raises(Exception, match="Worker failed with error 'CUDA Error: out of memory"):
        await engine.wake_up()


async def test_an_engine_that_ends_gives_everything_back(engine):
    engine.shutdown()

    assert engine.num_device_bytes == 0
