"""Spans of batches, and the lines that name them."""

import asyncio

from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode

from orchestrator.api.inside import InsideEndpoint
from orchestrator.batch.batch_spans import BatchSpans
from orchestrator.batch.fake_endpoint import FakeEndpoint
from orchestrator.engines.fake import FakeEngine
from tests.batch_desk import CHAT, Desk, line
from tests.executing import outlined
from tests.served import Service, programs_of
from tests.traces import Recorder

ASKED = {"model": "math", "messages": [{"role": "user", "content": "hi"}]}
TWO_LINES = line("q0", body=ASKED) + line("q1", body=ASKED)


def desk_inside(recorder: Recorder) -> Desk:
    """An office whose lines are requests to the application, in one process as the runner is."""
    engine, tracing = FakeEngine(), recorder.tracing()
    spans, programs = BatchSpans(tracing), programs_of(engine)
    app = Service(engine=engine, tracing=tracing, batch_spans=spans).app()
    endpoint = InsideEndpoint(app, lambda: programs, outline=outlined, timeout_s=900.0)
    return Desk(endpoint=endpoint, spans=spans)


async def test_each_line_is_a_trace_of_its_own_that_names_its_batch():
    recorder = Recorder()

    async with desk_inside(recorder) as desk:
        batch = await desk.create(TWO_LINES)
        await desk.until(batch.id)

    [span] = recorder.named(f"batch {CHAT}")
    lines = recorder.named(f"POST {CHAT}")
    assert [[one.context.span_id for one in of_line.links] for of_line in lines] == [
        [span.context.span_id],
        [span.context.span_id],
    ]
    assert len({one.context.trace_id for one in (span, *lines)}) == 3
    assert {one.attributes["orchestrator.line"] for one in lines} == {"q0", "q1"}
    assert dict(span.attributes) == {
        "orchestrator.batch": batch.id,
        "orchestrator.batch_from": "validating",
        "orchestrator.batch_status": "completed",
        "orchestrator.num_lines": 2,
        "orchestrator.num_done": 2,
        "orchestrator.num_failed": 0,
    }


async def test_a_batch_that_cannot_be_read_is_an_error():
    recorder = Recorder()

    async with Desk(spans=BatchSpans(recorder.tracing())) as desk:
        batch = await desk.create(b"no line at all\n")
        await desk.until(batch.id)

    [span] = recorder.spans
    assert span.status.status_code == StatusCode.ERROR
    assert span.attributes["error.type"] == "failed"


async def test_a_cancelled_batch_is_one_span_though_it_was_stopped_and_went_on():
    recorder, gate = Recorder(), asyncio.Event()
    endpoint = FakeEndpoint(gate=gate)

    async with Desk(endpoint=endpoint, spans=BatchSpans(recorder.tracing())) as desk:
        batch = await desk.create()
        await desk.until(batch.id, "in_progress")
        await desk.office.cancel(batch.id, owner="")
        await desk.until(batch.id)

    [span] = recorder.spans
    assert span.attributes["orchestrator.batch_status"] == "cancelled"
    assert span.status.status_code == StatusCode.UNSET


async def test_an_office_that_closes_ends_its_span_and_the_next_one_begins_its_own():
    recorder, gate = Recorder(), asyncio.Event()
    tracing = recorder.tracing()
    async with Desk(endpoint=FakeEndpoint(gate=gate), spans=BatchSpans(tracing)) as desk:
        batch = await desk.create()
        await desk.until(batch.id, "in_progress")

    async with Desk(desk.storage, spans=BatchSpans(tracing)) as second:
        await second.until(batch.id)

    first, last = recorder.spans
    assert first.attributes["orchestrator.batch_status"] == "in_progress"
    assert last.attributes["orchestrator.batch_from"] == "in_progress"
    assert last.attributes["orchestrator.batch_status"] == "completed"


async def test_a_batch_that_the_sampler_leaves_out_is_named_by_nobody():
    spans = BatchSpans(Recorder(sampler=ALWAYS_OFF).tracing())

    async with Desk(endpoint=FakeEndpoint(gate=asyncio.Event()), spans=spans) as desk:
        batch = await desk.create()

        assert not spans.of(batch.id).is_recorded
