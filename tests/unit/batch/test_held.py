import asyncio
from contextvars import copy_context

from orchestrator.batch.held import LINE, HeldDispatch, LineTag, Release
from orchestrator.engines.base import Call, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.embedding import EmbedCall
from orchestrator.engines.fake import FakeEngine

TAG = LineTag(work_id="batch_1", place=3)


def call(**given: object) -> Call:
    return Call(
        **{"id": "c", "expert": "math", "generation": 1, "prompt": Text(text="hi"), **given}
    )


async def asked(held: HeldDispatch, asks: Call, tag: LineTag | None) -> asyncio.Task:
    """A request that makes one call, under way."""

    async def request() -> object:
        LINE.set(tag)
        return await collect(held.generate(asks))

    task = asyncio.create_task(request(), context=copy_context())
    await asyncio.wait([task], timeout=0.01)
    return task


async def test_a_call_of_nobodys_line_passes_at_once():
    engine = FakeEngine()

    await asked(HeldDispatch(engine), call(max_wait_s=5.0), None)

    assert [(one.is_background, one.max_wait_s) for one in engine.calls] == [(False, 5.0)]


async def test_a_lines_call_waits_until_it_is_let_go_and_then_has_its_advice():
    engine = FakeEngine()
    held = HeldDispatch(engine)
    task = await asked(held, call(timeout_s=1.0, max_wait_s=1.0), TAG)
    assert (dict(held.num_by_expert), len(engine.calls)) == ({"math": 1}, 0)

    [waiting] = held.waiting("math")
    held.let_go(waiting, Release(slot="s", order=4, priority=2, timeout_s=60.0))
    answer = await task

    [made] = engine.calls
    assert (made.slot, made.order, made.priority, made.is_background) == ("s", 4, 2, True)
    assert (made.timeout_s, made.max_wait_s) == (60.0, None)
    assert (waiting.tag, waiting.is_whole) == (TAG, True)
    assert waiting.output_tokens == answer.usage.completion_tokens


async def test_a_line_that_is_given_up_leaves_nothing_behind():
    held = HeldDispatch(FakeEngine())
    task = await asked(held, call(), TAG)

    task.cancel()
    await asyncio.wait([task])

    assert dict(held.num_by_expert) == {}


async def test_calls_for_vectors_are_held_as_well():
    engine = FakeEngine()
    held = HeldDispatch(engine)
    LINE.set(TAG)
    asks = EmbedCall(id="e", expert="vectors", generation=1, inputs=(Text(text="hi"),))
    task = asyncio.create_task(held.embed(asks))
    await asyncio.wait([task], timeout=0.01)

    [waiting] = held.waiting("vectors")
    held.let_go(waiting, Release(slot="s"))

    assert (await task).values.shape[0] == 1
    assert engine.calls[0].is_background
