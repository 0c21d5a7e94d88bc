import asyncio

import pytest

from orchestrator.api.connection import ClientGoneError, connected
from orchestrator.api.replies import JsonReply
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from tests.composed import composed
from tests.served import Service


def never() -> asyncio.Future:
    return asyncio.get_running_loop().create_future()


async def test_the_block_ends_when_the_caller_leaves():
    async def receive():
        return {"type": "http.disconnect"}

    with pytest.raises(ClientGoneError):
        async with connected(receive):
            await never()

    assert asyncio.current_task().cancelling() == 0


async def test_a_block_that_ends_first_is_left_alone():
    async with connected(never):
        answer = JsonReply(b"{}")

    assert answer.status_code == 200


async def test_a_cancellation_from_elsewhere_stays_one():
    started = asyncio.Event()

    async def work():
        async with connected(never):
            started.set()
            await never()

    task = asyncio.create_task(work())
    await started.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_server_that_cannot_send_ends_the_generation():
    service = Service(engine=FakeEngine("a b c"))
    caller = Caller(STREAMED)

    async def send(message):
        if message["type"] == "http.response.body":
            raise ConnectionResetError

    await service.app()(scope(), caller.receive, send)

    assert len(service.engine.cancelled) == 1
    assert (await service.last_record()).status == 499


class Caller:
    """An ASGI caller that sends one body and leaves when told to."""

    def __init__(self, body: bytes) -> None:
        self._parts = [{"type": "http.request", "body": body, "more_body": False}]
        self.leaves = asyncio.Event()
        self.got_body = asyncio.Event()

    async def receive(self) -> dict:
        if self._parts:
            return self._parts.pop()
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict) -> None:
        if message["type"] == "http.response.body":
            self.got_body.set()


def scope(path: str = "/v1/chat/completions") -> dict:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


WHOLE = b'{"model": "math", "messages": [{"role": "user", "content": "hi"}]}'
STREAMED = WHOLE[:-1] + b', "stream": true}'


def hang_up(caller: Caller, task: asyncio.Task, how: str) -> None:
    """As uvicorn tells it, as a server that cancels does, or as Ray Serve does: both at once."""
    if how != "cancel":
        caller.leaves.set()
    if how != "disconnect":
        task.cancel()


@pytest.mark.parametrize("how", ["disconnect", "cancel", "both"])
@pytest.mark.parametrize("body", [WHOLE, STREAMED], ids=["whole", "streamed"])
async def test_hanging_up_before_the_first_token_ends_the_generation(body, how):
    service = Service(engine=FakeEngine(gate=asyncio.Event()))
    caller = Caller(body)
    task = asyncio.create_task(service.app()(scope(), caller.receive, caller.send))
    await service.engine.arrived.wait()

    hang_up(caller, task, how)
    await asyncio.wait([task])

    assert service.engine.num_in_flight == 0
    assert len(service.engine.cancelled) == 1
    assert (await service.last_record()).status == 499


@pytest.mark.parametrize("how", ["disconnect", "cancel", "both"])
async def test_hanging_up_in_the_stream_ends_the_generation(how):
    script = Script(says="a b c", gate=asyncio.Event(), gate_at=1)
    service = Service(engine=FakeEngine(script=lambda _: script))
    caller = Caller(STREAMED)
    task = asyncio.create_task(service.app()(scope(), caller.receive, caller.send))
    await caller.got_body.wait()

    hang_up(caller, task, how)
    await asyncio.wait([task])

    assert len(service.engine.cancelled) == 1
    assert (await service.last_record()).error_code == "client_closed"
    assert task.cancelled() is (how != "disconnect")


@pytest.mark.parametrize("how", ["disconnect", "cancel", "both"])
@pytest.mark.parametrize("has_head", [False, True], ids=["before the head", "after the head"])
async def test_hanging_up_amid_a_stage_ends_its_calls(how, has_head):
    service = composed(FakeEngine(gate=asyncio.Event()))
    caller = Caller(STREAMED.replace(b"math", b"together"))
    task = asyncio.create_task(service.app()(scope(), caller.receive, caller.send))
    while service.engine.num_in_flight < 2:
        service.engine.arrived.clear()
        await service.engine.arrived.wait()
    if has_head:
        await caller.got_body.wait()

    hang_up(caller, task, how)
    await asyncio.wait([task])

    assert service.engine.num_in_flight == 0
    assert len(service.engine.cancelled) == 2
    assert (await service.last_record()).status == 499


@pytest.mark.parametrize("how", ["disconnect", "cancel", "both"])
async def test_hanging_up_on_vectors_ends_the_work(how):
    service = Service(engine=FakeEngine(gate=asyncio.Event()))
    caller = Caller(b'{"model": "vectors", "input": "hi"}')
    asked = scope("/v1/embeddings")
    task = asyncio.create_task(service.app()(asked, caller.receive, caller.send))
    await service.engine.arrived.wait()

    hang_up(caller, task, how)
    await asyncio.wait([task])

    assert len(service.engine.cancelled) == 1
    assert (await service.last_record()).status == 499
