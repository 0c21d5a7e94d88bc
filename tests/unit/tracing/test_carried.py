"""Spans on their way to the process that sends them."""

import io

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from orchestrator.tracing.carried import packed, unpacked
from orchestrator.tracing.sender import send_all
from orchestrator.tracing.tracing import Tracing

CALLER = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


@pytest.fixture
def ended():
    """A call that failed in a request of a caller's trace, a step of it, and the request."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"zone": "a"}))
    provider.add_span_processor(SimpleSpanProcessor(kept))
    span = Tracing(provider.get_tracer("orchestrator", "1")).begun("a", CALLER, created_s=1.5)
    call = span.child("chat math", is_call=True)
    call.tell({"tokens": 3, "cost": 0.5, "is_streamed": True, "reasons": ["stop", "length"]})
    span.past("step", took_s=0.25, attributes={}, links=[call.link])
    call.end(error="engine_dead")
    span.end()
    return kept.get_finished_spans()


def test_spans_arrive_as_they_were_handed_over(ended):
    assert [one.to_json() for one in unpacked(packed(ended))] == [one.to_json() for one in ended]


def test_what_a_killed_process_wrote_half_is_left_aside():
    send_all(io.BytesIO((9).to_bytes(4) + b"half"), [])


def test_a_sender_of_nothing_known_says_what_is_known():
    with pytest.raises(LookupError, match="exports to 'pigeon'; known: "):
        send_all(io.BytesIO(b""), ["pigeon"])
