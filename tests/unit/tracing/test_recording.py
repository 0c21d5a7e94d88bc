"""Spans that are recorded with little are the kit's own to whoever reads them."""

import json

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, TraceIdRatioBased
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from orchestrator.tracing.carried import packed, unpacked
from orchestrator.tracing.recording import LeanSource


class Counting(IdGenerator):
    """Ids that are the same in every run."""

    def __init__(self) -> None:
        self.last = 2**60

    def generate_span_id(self) -> int:
        self.last += 1
        return self.last

    generate_trace_id = generate_span_id


def sources(sampler):
    """The kit's and ours, and where what they recorded is kept."""
    for is_lean in (False, True):
        kept = InMemorySpanExporter()
        provider = TracerProvider(sampler=sampler, id_generator=Counting(), shutdown_on_exit=False)
        processor = SimpleSpanProcessor(kept)
        provider.add_span_processor(processor)
        scope = InstrumentationScope("a", "1")
        lean = LeanSource(provider, processor, scope=scope)
        yield (lean if is_lean else provider.get_tracer("a", "1")), kept


def recorded(source, kept, parent):
    """A request, a call that fails in it, and what they read as in the process that sends them."""
    linked = SpanContext(5, 6, is_remote=False, trace_flags=TraceFlags(1))
    request = source.start_span(
        "a", context=parent, kind=SpanKind.SERVER, links=[Link(linked)], start_time=10
    )
    below = set_span_in_context(request, Context())
    call = source.start_span("b", context=below, attributes={"n": 1}, start_time=11)
    call.set_attributes({"reasons": ["stop"], "cost": 0.5, "n": 2})
    call.set_attribute("error.type", "engine_dead")
    call.set_status(Status(StatusCode.ERROR, "engine_dead"))
    call.end(end_time=12)
    call.set_attribute("late", True)
    call.end(end_time=99)
    request.end(end_time=13)
    ended = kept.get_finished_spans()
    contexts = [request.get_span_context(), call.get_span_context()]
    return contexts, [json.loads(one.to_json()) for one in unpacked(packed(ended))] if ended else []


CALLER = {
    "no caller": None,
    "sampled": SpanContext(7, 8, is_remote=True, trace_flags=TraceFlags(1)),
    "left out": SpanContext(7, 8, is_remote=True, trace_flags=TraceFlags(0)),
}


@pytest.mark.parametrize("caller", CALLER.values(), ids=CALLER)
@pytest.mark.parametrize(
    "sampler",
    [ALWAYS_ON, ALWAYS_OFF, ParentBased(ALWAYS_ON), TraceIdRatioBased(0.0), TraceIdRatioBased(1.0)],
    ids=["on", "off", "by caller", "none of all", "all"],
)
def test_spans_of_a_request_are_those_of_the_kit(sampler, caller):
    parent = Context() if caller is None else set_span_in_context(NonRecordingSpan(caller))

    kits, ours = (recorded(*source, parent) for source in sources(sampler))

    assert ours == kits


def test_limits_of_attributes_hold_where_spans_are_sent(monkeypatch):
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3")
    _, (source, kept) = sources(ALWAYS_ON)
    source.start_span("a", attributes={"first": "long", "last": "longer"}).end()

    [sent] = unpacked(packed(kept.get_finished_spans()))

    assert (dict(sent.attributes), sent.dropped_attributes) == ({"last": "lon"}, 1)
