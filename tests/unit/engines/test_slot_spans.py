"""Traces that go on in a slot: waits, answers, and the steps that calls wait for."""

import asyncio
import json
import logging

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode

from orchestrator.engines.fake import FakeEngine, FakeHost
from orchestrator.engines.slot import Slot
from orchestrator.errors import OrchestratorError, SwapError
from orchestrator.residency.clock import ManualClock
from tests.traces import Recorder
from tests.unit.engines.test_slot import FRENCH, MATHS, begun, call, embed_call, said

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
OTHER = f"00-{'1' * 32}-{'2' * 16}-01"


def slot_on(host, recorder):
    slot = Slot("local", clock=ManualClock(), tracing=recorder.tracing())
    slot.seat("llama", host, (MATHS, FRENCH))
    return slot


@pytest.fixture
def recorder():
    return Recorder()


async def test_wait_swap_and_answer_are_pieces_of_the_call_that_the_gateway_sent(recorder):
    await said(slot_on(FakeHost([MATHS, FRENCH]), recorder), call("french", traceparent=PARENT))

    assert {f"{span.context.trace_id:032x}" for span in recorder.spans} == {TRACE}
    wait, answer = recorder.named("wait for turn")[0], recorder.named("answer")[0]
    assert {f"{one.parent.span_id:016x}" for one in (wait, answer)} == {SPAN}
    [swap] = recorder.named("step swap")
    assert swap.parent.span_id == wait.context.span_id
    assert (swap.attributes["orchestrator.expert"], swap.attributes["orchestrator.slot"]) == (
        FRENCH.key,
        "local",
    )
    assert wait.attributes["orchestrator.swap_id"] == swap.attributes["orchestrator.swap_id"]


async def test_vectors_that_waited_for_a_swap_have_the_same_pieces(recorder):
    slot = slot_on(FakeHost([MATHS, FRENCH]), recorder)

    await slot.embed(embed_call("french", traceparent=PARENT))

    [wait], [answer] = recorder.named("wait for turn"), recorder.named("answer")
    assert {f"{one.parent.span_id:016x}" for one in (wait, answer)} == {SPAN}
    [swap] = recorder.named("step swap")
    assert swap.parent.span_id == wait.context.span_id
    assert answer.start_time >= swap.end_time


async def test_a_step_names_the_other_calls_that_waited_for_it(recorder):
    gate = asyncio.Event()
    host = FakeHost([MATHS, FRENCH], swap_gate=gate)
    slot = slot_on(host, recorder)
    first = await begun(said(slot, call("french", traceparent=PARENT)))
    await host.swap_begun.wait()
    second = await begun(said(slot, call("french", traceparent=OTHER)))
    gate.set()
    await asyncio.gather(first, second)

    [swap] = recorder.named("step swap")
    assert f"{swap.context.trace_id:032x}" == TRACE
    assert [f"{link.context.trace_id:032x}" for link in swap.links] == ["1" * 32]
    told = {one.attributes["orchestrator.swap_id"] for one in recorder.named("wait for turn")}
    assert told == {swap.attributes["orchestrator.swap_id"]}


async def test_a_step_that_fails_is_an_error_with_the_id_of_its_log_line(recorder, caplog):
    host = FakeHost([MATHS, FRENCH], broken={"french": SwapError("its canary differs")})

    with caplog.at_level(logging.INFO), pytest.raises(OrchestratorError):
        await said(slot_on(host, recorder), call("french", traceparent=PARENT))

    [swap] = recorder.named("step swap")
    lines = [json.loads(one.message) for one in caplog.records if '"step"' in one.message]
    [line] = [one for one in lines if one["action"] == "step"]
    assert swap.status.status_code == StatusCode.ERROR
    assert swap.attributes["error.type"] == "swap_failed"
    assert swap.attributes["orchestrator.swap_id"] == line["swap_id"]
    [wait] = recorder.named("wait for turn")
    assert wait.attributes["error.type"] == "swap_failed"


async def test_a_caller_that_hangs_up_leaves_no_span_open(recorder):
    gate = asyncio.Event()
    slot = slot_on(FakeHost([MATHS], engine=FakeEngine("slow", gate=gate)), recorder)
    task = await begun(said(slot, call("maths", traceparent=PARENT)))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert "wait for turn" in {span.name for span in recorder.spans}


@pytest.mark.parametrize("traceparent", [None, "", "garbage", f"00-{TRACE}-{SPAN}-00"], ids=repr)
async def test_what_is_not_recorded_elsewhere_is_answered_without_a_span_of_the_call(
    recorder, traceparent
):
    slot = slot_on(FakeHost([MATHS, FRENCH]), recorder)

    assert await said(slot, call("maths", traceparent=traceparent)) == "maths: hi"

    assert f"{TRACE}" not in {f"{span.context.trace_id:032x}" for span in recorder.spans}


async def test_a_step_for_no_traced_call_is_a_trace_of_its_own(recorder):
    await said(slot_on(FakeHost([MATHS, FRENCH]), recorder), call("french"))

    [swap] = recorder.spans
    assert (swap.name, swap.parent) == ("step swap", None)


async def test_a_sampler_that_takes_nothing_records_nothing():
    recorder = Recorder(sampler=ALWAYS_OFF)

    await said(slot_on(FakeHost([MATHS, FRENCH]), recorder), call("french", traceparent=PARENT))

    assert recorder.spans == []
