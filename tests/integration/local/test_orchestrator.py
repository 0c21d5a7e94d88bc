"""Experts in a program of one's own, asked as a service's are."""

import asyncio
import gc
import json
import subprocess
import sys

import pytest

from orchestrator import Orchestrator
from orchestrator.client import ClosedError, WaitTimeoutError
from orchestrator.errors import InvalidRequestError, UnknownModelError
from orchestrator.metrics import IN_FLIGHT

pytestmark = pytest.mark.integration

REGISTRY = """\
version: 1
experts:
  - {id: math, engine: {kind: fake, says: "four it is"}}
  - {id: slow, engine: {kind: fake, says: "one two", token_delay_ms: 60000}}
  - {id: vectors, engine: {kind: fake, task: embed}}
routers:
  topic:
    kind: rules
    rules: [{name: sums, when: {keywords: {any: [sum]}}, expert: math}]
    otherwise: {expert: slow}
compositions:
  auto: {kind: route, router: topic}
"""


def num_in_flight():
    return IN_FLIGHT.collect()[0].samples[0].value


@pytest.fixture(scope="module")
def orchestrator():
    with Orchestrator(REGISTRY, progress=False) as made:
        yield made


def test_it_answers_routes_embeds_and_streams_as_a_service_does(orchestrator):
    completion = orchestrator.chat("what is the sum of 2 and 2?")
    stream = orchestrator.chat("the sum", stream=True)

    assert (completion.text, completion.origin.expert) == ("four it is", "math")
    assert [chunk.text for chunk in stream if chunk.text] == ["four", " it", " is"]
    assert orchestrator.route("sum?").chosen == ("math",)
    assert len(orchestrator.embed(["a", "b"], model="vectors").data) == 2
    assert {model.id for model in orchestrator.models()} == {"math", "slow", "vectors", "auto"}


def test_its_errors_are_those_of_a_service(orchestrator):
    with pytest.raises(UnknownModelError, match="'mth' is not in the registry; nearest"):
        orchestrator.chat("hi", model="mth")
    with pytest.raises(InvalidRequestError) as caught:
        orchestrator.chat("hi", model="math", temperature=9)

    assert caught.value.param == "temperature"


def test_silence_is_borne_as_long_as_was_said():
    with (
        Orchestrator(REGISTRY, timeout_s=0.05, progress=False) as impatient,
        pytest.raises(WaitTimeoutError),
    ):
        impatient.chat("hi", model="slow")


async def test_a_program_with_a_loop_of_its_own_may_block_or_await(orchestrator):
    blocked = orchestrator.chat("a sum")
    async with orchestrator.asynchronous() as client:
        awaited = await client.chat("a sum")
        stream = await client.chat("a sum", stream=True)
        pieces = [chunk.text async for chunk in stream if chunk.text]

    assert blocked.text == awaited.text == "four it is"
    assert pieces == ["four", " it", " is"]


async def test_who_gives_up_leaves_nothing_running(orchestrator):
    async with orchestrator.asynchronous() as client:
        asking = asyncio.create_task(client.chat("hi", model="slow"))
        while not num_in_flight():
            await asyncio.to_thread(orchestrator.models)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        while num_in_flight():
            await asyncio.to_thread(orchestrator.models)


def test_feedback_is_taken_as_a_service_takes_it(orchestrator):
    completion = orchestrator.chat("a sum")

    feedback = orchestrator.feedback(completion.origin.request_id, score=1)

    assert feedback.expert == "math"


def test_once_closed_it_says_so_and_may_be_closed_again():
    made = Orchestrator(REGISTRY, progress=False)
    made.close()
    made.close()

    with pytest.raises(ClosedError, match="closed"):
        made.chat("a sum")


def test_one_that_is_only_dropped_is_closed_too():
    made = Orchestrator(REGISTRY, progress=False)
    finish, thread = made._finish, made._thread
    del made
    gc.collect()

    assert not finish.alive
    assert not thread.is_running


def test_neither_ray_nor_vllm_nor_torch_is_loaded_for_it():
    code = f"""
import json, sys
import orchestrator
before = "httpx" in sys.modules
with orchestrator.Orchestrator({REGISTRY!r}, progress=False) as made:
    made.chat("a sum")
heavy = [name for name in ("ray", "vllm", "torch", "redis") if name in sys.modules]
print(json.dumps([before, heavy]))
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == [False, []]
