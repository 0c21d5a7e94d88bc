"""A slot's worker as an engine: errors are values on the way, and leaving early reaches it."""

import asyncio

import numpy as np
import pytest
from ray.exceptions import ActorDiedError
from ray.serve.exceptions import RequestCancelledError

from orchestrator.engines.base import Call, Chunk, Delta, Text
from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.engines.notices import Notice
from orchestrator.errors import ContextTooLongError, EngineDeadError
from orchestrator.service.ray_engine import RayEngine

pytestmark = pytest.mark.integration

HELLO = Chunk(deltas=(Delta(text="hello"),))


class Response:
    """What a handle returns: items one by one, or all at once; waits where an item is an event."""

    def __init__(self, items: list) -> None:
        self._items = list(items)
        self._gone = asyncio.Event()
        self.is_cancelled = False

    def __await__(self):
        return self._all().__await__()

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self._items:
            raise StopAsyncIteration
        item = self._items.pop(0)
        if isinstance(item, asyncio.Event):
            await self._gone.wait()
            raise RequestCancelledError
        if isinstance(item, ActorDiedError):
            raise item
        return item

    def cancel(self) -> None:
        self.is_cancelled = True
        self._gone.set()

    async def _all(self) -> list:
        return [item async for item in self]


class Handle:
    """A handle whose every call gets the same items."""

    def __init__(self, *items: object) -> None:
        self._items = items
        self.responses: list[Response] = []
        self.sent: list = []

    generate = answer = embed = hint = property(lambda self: self)

    def options(self, *, stream: bool, **_serialization: str) -> "Handle":
        return self

    def remote(self, call: Call | str) -> Response:
        self.sent.append(call)
        self.responses.append(Response(list(self._items)))
        return self.responses[-1]


def call(*, stream: bool) -> Call:
    return Call(id="1", expert="a", generation=1, prompt=Text(text="hi"), stream=stream)


async def read(engine: RayEngine, *, stream: bool) -> list[Chunk]:
    return [chunk async for chunk in engine.generate(call(stream=stream))]


@pytest.mark.parametrize("stream", [True, False])
async def test_chunks_arrive_as_the_worker_sent_them(stream):
    assert await read(RayEngine(Handle(HELLO, HELLO), slot="s"), stream=stream) == [HELLO, HELLO]


@pytest.mark.parametrize("stream", [True, False])
async def test_notices_come_before_what_they_waited_for(stream):
    told = Notice(position=3, expected_s=4.2)

    assert await read(RayEngine(Handle(told, HELLO), slot="s"), stream=stream) == [told, HELLO]


@pytest.mark.parametrize("stream", [True, False])
async def test_an_error_of_ours_is_raised_as_it_was(stream):
    engine = RayEngine(Handle(ContextTooLongError("700 of 512 tokens")), slot="s")

    with pytest.raises(ContextTooLongError, match="700 of 512 tokens"):
        await read(engine, stream=stream)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_worker_that_died_is_a_dead_engine_with_a_time_to_retry(stream):
    engine = RayEngine(Handle(ActorDiedError()), slot="local")

    with pytest.raises(EngineDeadError, match="worker of slot 'local' is gone") as caught:
        await read(engine, stream=stream)

    assert caught.value.retry_after_s


async def test_leaving_a_stream_early_cancels_the_worker():
    handle = Handle(HELLO, asyncio.Event())
    chunks = RayEngine(handle, slot="s").generate(call(stream=True))

    await anext(chunks)
    await chunks.aclose()

    assert handle.responses[0].is_cancelled


async def test_a_cancelled_caller_of_a_whole_answer_cancels_the_worker():
    handle = Handle(asyncio.Event())
    task = asyncio.create_task(read(RayEngine(handle, slot="s"), stream=False))
    await asyncio.sleep(0)

    task.cancel()
    await asyncio.wait([task])

    assert handle.responses[0].is_cancelled


async def test_calls_that_wait_for_a_silent_worker_fail_when_it_is_marked_down():
    engine = RayEngine(Handle(asyncio.Event()), slot="s")
    task = asyncio.create_task(read(engine, stream=True))
    await asyncio.sleep(0)

    engine.mark_down()

    with pytest.raises(EngineDeadError):
        await task
    with pytest.raises(EngineDeadError):
        await read(engine, stream=True)


async def test_a_worker_that_is_back_takes_calls_again():
    engine = RayEngine(Handle(HELLO), slot="s")
    engine.mark_down()

    engine.mark_up()

    assert await read(engine, stream=True) == [HELLO]


async def test_a_hint_is_one_message_that_nobody_waits_for():
    handle = Handle()
    engine = RayEngine(handle, slot="s")

    engine.hint("a@1")
    engine.hint("a@1")
    await asyncio.sleep(0)

    assert handle.sent == ["a@1"]


async def test_a_hint_to_a_worker_that_is_gone_is_lost_in_silence():
    handle = Handle(ActorDiedError())
    engine = RayEngine(handle, slot="s")

    engine.hint("a@1")
    await asyncio.sleep(0)
    engine.mark_down()
    engine.hint("b@1")
    await asyncio.sleep(0)

    assert handle.sent == ["a@1"]


VECTORS = Vectors(values=np.ones((1, 2), np.float32), num_tokens=1)


def embed_call() -> EmbedCall:
    return EmbedCall(id="1", expert="a", generation=1, inputs=(Text(text="hi"),))


class Single(Handle):
    """A handle whose every call gets one value."""

    def remote(self, call: EmbedCall) -> "SingleResponse":
        self.responses.append(SingleResponse(list(self._items)))
        return self.responses[-1]


class SingleResponse(Response):
    async def _all(self) -> object:
        return (await super()._all())[0]


async def test_vectors_arrive_as_the_worker_made_them():
    assert await RayEngine(Single(VECTORS), slot="s").embed(embed_call()) is VECTORS


async def test_an_error_instead_of_vectors_is_raised_as_it_was():
    with pytest.raises(ContextTooLongError, match="300 of 256"):
        await RayEngine(Single(ContextTooLongError("300 of 256")), slot="s").embed(embed_call())


async def test_a_worker_that_dies_over_vectors_is_a_dead_engine():
    with pytest.raises(EngineDeadError, match="worker of slot 's' is gone"):
        await RayEngine(Single(ActorDiedError()), slot="s").embed(embed_call())


async def test_a_caller_that_leaves_its_vectors_cancels_the_worker():
    handle = Single(asyncio.Event())
    task = asyncio.create_task(RayEngine(handle, slot="s").embed(embed_call()))
    await asyncio.sleep(0)

    task.cancel()
    await asyncio.wait([task])

    assert handle.responses[0].is_cancelled
