"""Spans of requests and of their pieces."""

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from orchestrator.tracing.spans import UNTRACED
from orchestrator.tracing.tracing import Tracing
from tests.traces import Recorder

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADERS = {"traceparent": f"00-{TRACE}-{CALLER}-01"}


@pytest.mark.parametrize(
    "told",
    [
        "", "nonsense", f"00-{'0' * 32}-{CALLER}-01", f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{CALLER}-01",
    ],
    ids=["empty", "no form", "trace of zeros", "span of zeros", "forbidden version"],
)  # fmt: skip
def test_a_malformed_parent_is_left_aside(told):
    recorder = Recorder()

    recorder.tracing().begun("a", {"traceparent": told}, created_s=1.0).end()

    assert recorder.spans[0].parent is None
    assert Tracing().begun("a", {"traceparent": told}, created_s=1.0) == UNTRACED


def test_a_request_goes_on_the_trace_of_its_caller():
    recorder = Recorder()

    span = recorder.tracing().begun("a", HEADERS, created_s=1.5)
    span.end()

    [found] = recorder.spans
    assert span.trace_id == TRACE == f"{found.context.trace_id:032x}"
    assert f"{found.parent.span_id:016x}" == CALLER
    assert (found.kind, found.start_time) == (SpanKind.SERVER, 1_500_000_000)


def test_where_nobody_records_the_callers_trace_is_known_all_the_same():
    span = Tracing().begun("a", HEADERS, created_s=1.0)

    assert (span.trace_id, span.is_recorded) == (TRACE, False)
    assert span.child("b") is span
    assert Tracing().begun("a", {}, created_s=1.0) is UNTRACED


def test_what_the_caller_does_not_sample_is_not_recorded():
    recorder = Recorder()
    unsampled = {"traceparent": f"00-{TRACE}-{CALLER}-00"}

    span = recorder.tracing().begun("a", unsampled, created_s=1.0)
    span.child("b").end()
    span.end()

    assert (span.trace_id, span.is_recorded, recorder.spans) == (TRACE, False, [])


def test_a_sampler_that_drops_a_request_leaves_it_an_id():
    span = Recorder(sampler=ALWAYS_OFF).tracing().begun("a", {}, created_s=1.0)

    assert not span.is_recorded
    assert len(span.trace_id) == 32


def test_children_are_pieces_of_whom_they_were_begun_by():
    recorder = Recorder()

    span = recorder.tracing().begun("a", {}, created_s=1.0)
    stage = span.child("stage")
    stage.child("call", is_call=True).end(error="engine_dead")
    stage.tell({"n": 2})
    stage.end()
    span.end()

    assert recorder.tree() == [("a", [("stage", [("call", [])])])]
    [call] = recorder.named("call")
    assert (call.kind, call.status.status_code) == (SpanKind.CLIENT, StatusCode.ERROR)
    assert dict(call.attributes) == {"error.type": "engine_dead"}
    assert dict(recorder.named("stage")[0].attributes) == {"n": 2}
