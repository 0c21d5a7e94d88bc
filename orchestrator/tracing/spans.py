"""What a span is here: begun by its parent, told what came of it, ended once.

Parents are passed on by whoever begins what they stand for, never by a context that tasks inherit:
calls that go out together, and streams that other tasks read, have theirs all the same. Nothing
that callers or models wrote is in a span.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    SpanKind,
    Status,
    StatusCode,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace import (
    Span as OtelSpan,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from orchestrator.tracing.recording import SpanSource

_PROPAGATOR = TraceContextTextMapPropagator()

Value = str | int | float | bool | Sequence[str]
Attributes = Mapping[str, Value]


class Span(Protocol):
    """One piece of work of a request."""

    @property
    def trace_id(self) -> str | None:
        """32 hex digits, by which other services know the request; `None` where it has none."""
        ...

    @property
    def is_recorded(self) -> bool:
        """Whether anybody will see it: what is costly to say can be left out otherwise."""
        ...

    def child(self, name: str, *, is_call: bool = False) -> Span:
        """Begin a piece of this one.

        Args:
            name: of few values, as backends group by it.
            is_call: whether the work is done elsewhere, by a model.
        """
        ...

    @property
    def traceparent(self) -> str | None:
        """How a piece of it goes on in another process; `None` where nobody records."""
        ...

    def past(self, name: str, *, took_s: float, attributes: Attributes) -> None:
        """A piece of this one that has just ended.

        Args:
            name: of few values.
            took_s: seconds until now.
            attributes: what came of it.
        """
        ...

    def tell(self, attributes: Attributes) -> None:
        """Add what is known of it by now."""
        ...

    def end(self, *, error: str | None = None) -> None:
        """Say that it is over; `error` is the code of what it failed with."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Untraced:
    """A span that nobody records, and so are its children."""

    trace_id: str | None = None

    @property
    def is_recorded(self) -> bool:
        """Nobody will see it."""
        return False

    def child(self, name: str, *, is_call: bool = False) -> Untraced:
        """The same."""
        return self

    @property
    def traceparent(self) -> str | None:
        """None: nobody records."""
        return None

    def past(self, name: str, *, took_s: float, attributes: Attributes) -> None:
        """Nothing."""

    def tell(self, attributes: Attributes) -> None:
        """Nothing."""

    def end(self, *, error: str | None = None) -> None:
        """Nothing."""


UNTRACED = Untraced()


def past_span(
    tracer: SpanSource,
    name: str,
    *,
    parent: Context,
    took_s: float,
    attributes: Attributes,
    links: Sequence[Link] = (),
) -> None:
    """Record a span that has just ended; see `Span.past`."""
    ended_ns = time.time_ns()
    error = attributes.get("error.type")
    span = tracer.start_span(
        name,
        context=parent,
        attributes=attributes,
        links=links,
        start_time=ended_ns - int(took_s * 1e9),
    )
    if error is not None:
        span.set_status(Status(StatusCode.ERROR, str(error)))
    span.end(end_time=ended_ns)


class Recorded:
    """A span of OpenTelemetry's.

    Args:
        tracer: begins its children.
        span: under way.
    """

    def __init__(self, tracer: SpanSource, span: OtelSpan) -> None:
        self._tracer = tracer
        self._span = span

    @property
    def trace_id(self) -> str | None:
        """See `Span.trace_id`."""
        return format_trace_id(self._span.get_span_context().trace_id)

    @property
    def is_recorded(self) -> bool:
        """See `Span.is_recorded`."""
        return True

    def child(self, name: str, *, is_call: bool = False) -> Recorded:
        """See `Span.child`."""
        parent = set_span_in_context(self._span, Context())
        kind = SpanKind.CLIENT if is_call else SpanKind.INTERNAL
        return Recorded(self._tracer, self._tracer.start_span(name, context=parent, kind=kind))

    @property
    def traceparent(self) -> str | None:
        """See `Span.traceparent`."""
        carried: dict[str, str] = {}
        _PROPAGATOR.inject(carried, set_span_in_context(self._span, Context()))
        return carried.get("traceparent")

    @property
    def link(self) -> Link:
        """What spans of other traces name it by."""
        return Link(self._span.get_span_context())

    def past(
        self,
        name: str,
        *,
        took_s: float,
        attributes: Attributes,
        links: Sequence[Link] = (),
    ) -> None:
        """See `Span.past`; `links` are spans elsewhere for which it was done, too."""
        parent = set_span_in_context(self._span, Context())
        past_span(
            self._tracer, name, parent=parent, took_s=took_s, attributes=attributes, links=links
        )

    def tell(self, attributes: Attributes) -> None:
        """See `Span.tell`."""
        self._span.set_attributes(attributes)

    def end(self, *, error: str | None = None) -> None:
        """See `Span.end`."""
        if error is not None:
            self._span.set_attribute("error.type", error)
            self._span.set_status(Status(StatusCode.ERROR, error))
        self._span.end()
