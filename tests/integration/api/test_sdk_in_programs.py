"""The SDK as programs use it: threads, forks, several event loops, early ends, refusals."""

import asyncio
import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator.client import AsyncClient, Client, ClosedError, Stage
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import InvalidRequestError, UnknownModelError
from tests.composed import composed
from tests.merging import merging
from tests.served import Service, running

pytestmark = pytest.mark.integration


@pytest.fixture
async def url():
    async with running(Service(engine=FakeEngine("{prompt} there"))) as url:
        yield url


def ask(client: Client) -> str:
    return client.chat("hi", model="math").text


async def test_threads_share_a_client(url):
    def asked() -> list[str]:
        with Client(url) as client, ThreadPoolExecutor(8) as threads:
            return list(threads.map(lambda _: ask(client), range(40)))

    assert await asyncio.to_thread(asked) == ["hi there"] * 40


FORKED = """
import os, sys
from orchestrator.client import Client
client = Client(sys.argv[1])
ask = lambda: client.chat("hi", model="math").text
ask()
pid = os.fork()
print([ask() for _ in range(3)], flush=True)
if pid:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
os._exit(0)
"""


async def test_a_forked_process_and_its_parent_ask_on_connections_of_their_own(url):
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-W", "ignore", "-c", FORKED, url],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [str(["hi there"] * 3)] * 2


LOOPED = """
import asyncio, sys
from orchestrator.client import AsyncClient
client = AsyncClient(sys.argv[1])
async def ask():
    return (await client.chat("hi", model="math")).text
print([asyncio.run(ask()) for _ in range(3)])
"""


async def test_one_awaited_client_serves_event_loops_one_after_the_other(url):
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-W", "ignore", "-c", LOOPED, url],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.stdout.strip() == str(["hi there"] * 3), done.stderr


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy], ids=["pickled", "copied"])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_says_that_it_cannot_be_copied_and_what_to_do(kind, copied):
    with pytest.raises(TypeError, match=r"a client holds connections.*make a client there"):
        copied(kind())


async def test_a_client_that_was_closed_says_so(url):
    client = AsyncClient(url)
    await client.chat("hi", model="math")
    await client.close()
    await client.close()

    with pytest.raises(ClosedError, match="the client is closed"):
        await client.chat("hi", model="math")
    with pytest.raises(ClosedError, match="the client is closed"):
        await client.chat("hi", model="math", stream=True)


async def test_a_stream_is_read_once(url):
    async with AsyncClient(url) as client:
        stream = await client.chat("hi", model="math", stream=True)
        text = "".join([chunk.text async for chunk in stream])
        with pytest.raises(ClosedError, match="a stream is read once"):
            [chunk async for chunk in stream]
        closed = await client.chat("hi", model="math", stream=True)
        await closed.close()
        with pytest.raises(ClosedError, match="a stream is read once"):
            [chunk async for chunk in closed]

    assert text == "hi there"


@pytest.mark.parametrize("way", ["with", "break", "close"])
async def test_leaving_a_stream_early_ends_the_generation_at_the_service(way):
    script = Script(says="one two", gate=asyncio.Event(), gate_at=1)
    engine = FakeEngine(script=lambda call: script)
    async with running(Service(engine=engine)) as url, AsyncClient(url) as client:
        stream = await client.chat("hi", model="math", stream=True)
        if way == "with":
            async with stream:
                await anext(aiter(stream))
        elif way == "break":
            async for _ in stream:
                break
        else:
            await stream.close()
        await asyncio.wait_for(engine.hung_up.wait(), timeout=10)

    assert engine.num_in_flight == 0


async def test_stages_of_a_stream_are_values_with_types():
    async with running(composed(merging())) as url, AsyncClient(url) as client:
        stream = await client.chat("1+1?", model="refined", stream=True)
        stages = [event async for event in stream.events() if isinstance(event, Stage)]

    assert {stage.state for stage in stages} >= {"started", "done"}
    assert all(isinstance(stage.num_calls, int) for stage in stages)


async def test_a_refusal_names_the_request_that_it_is_of(url):
    async with AsyncClient(url) as client:
        with pytest.raises(UnknownModelError) as caught:
            await client.chat("hi", model="nope", request_id="mine-7")

    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    assert caught.value.request_id
    assert pickle.loads(pickle.dumps(caught.value)).request_id == caught.value.request_id


@pytest.mark.parametrize(
    "option",
    [{"temperature": float("nan")}, {"metadata": {"a": object()}}],
    ids=["nan", "object"],
)
async def test_what_json_cannot_hold_is_told_before_it_is_sent(url, option):
    async with AsyncClient(url) as client:
        with pytest.raises(InvalidRequestError, match="the request cannot be written"):
            await client.chat("hi", model="math", **option)


async def test_a_wish_that_is_none_is_no_wish(url):
    async with AsyncClient(url) as client:
        answer = await client.chat("hi", model="math", max_wait_s=None, include=None)

    assert answer.text == "hi there"
