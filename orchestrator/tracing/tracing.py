"""Begins the span of a request, in the trace that its caller began."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, format_trace_id, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from orchestrator.tracing.recording import SpanSource
from orchestrator.tracing.spans import (
    UNTRACED,
    Attributes,
    Recorded,
    Span,
    Untraced,
    past_span,
)

_HEADER = "traceparent"
_NS_A_SECOND = 1_000_000_000
_PROPAGATOR = TraceContextTextMapPropagator()


class Tracing:
    """Where requests get their spans.

    Args:
        tracer: who records them; nobody without one.
    """

    def __init__(self, tracer: SpanSource | None = None) -> None:
        self._tracer = tracer

    def begun(
        self, name: str, headers: Mapping[str, str], *, created_s: float, part_of: Span = UNTRACED
    ) -> Span:
        """The span of a request; one that its caller's sampling leaves out is not recorded.

        A `traceparent` that is malformed is left aside, as its standard says: the request begins a
        trace of its own. Where nobody records, a sound one still tells the trace's id.

        Args:
            name: of few values.
            headers: names in lower case.
            created_s: Unix time at which it began, seconds.
            part_of: a span of another trace that it names.
        """
        has_parent = _HEADER in headers
        if self._tracer is None and not has_parent:
            return UNTRACED
        parent = _PROPAGATOR.extract(headers, Context()) if has_parent else Context()
        if self._tracer is None:
            return _unrecorded(get_current_span(parent).get_span_context().trace_id)
        span = self._tracer.start_span(
            name,
            context=parent,
            kind=SpanKind.SERVER,
            links=[part_of.link] if isinstance(part_of, Recorded) else (),
            start_time=int(created_s * _NS_A_SECOND),
        )
        if span.is_recording():
            return Recorded(self._tracer, span)
        return _unrecorded(span.get_span_context().trace_id)

    def alone(self, name: str) -> Span:
        """Begin work that no caller waits for: a trace of its own."""
        if self._tracer is None:
            return UNTRACED
        span = self._tracer.start_span(name, context=Context())
        return Recorded(self._tracer, span) if span.is_recording() else UNTRACED

    def continued(self, name: str, traceparent: str | None) -> Span:
        """A piece of a span of another process; `UNTRACED` where that one is not recorded."""
        if self._tracer is None or traceparent is None:
            return UNTRACED
        parent = _PROPAGATOR.extract({_HEADER: traceparent}, Context())
        span = self._tracer.start_span(name, context=parent)
        return Recorded(self._tracer, span) if span.is_recording() else UNTRACED

    def past(self, name: str, *, took_s: float, attributes: Attributes) -> None:
        """Work that has just ended and belongs to no request: a trace of its own."""
        if self._tracer is not None:
            past_span(self._tracer, name, parent=Context(), took_s=took_s, attributes=attributes)


def _unrecorded(trace_id: int) -> Untraced:
    return Untraced(trace_id=format_trace_id(trace_id)) if trace_id else UNTRACED
