"""What a span is here: begun by its parent, told what came of it, ended once.

Parents are passed on by whoever begins what they stand for, never by a context that tasks inherit:
calls that go out together, and streams that other tasks read, have theirs all the same. Nothing
that callers or models wrote is in a span.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from opentelemetry.context import Context
from opentelemetry.trace import (
    Span as OtelSpan,
)
from opentelemetry.trace import (
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    format_trace_id,
    set_span_in_context,
)

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

    def tell(self, attributes: Attributes) -> None:
        """Nothing."""

    def end(self, *, error: str | None = None) -> None:
        """Nothing."""


UNTRACED = Untraced()


class Recorded:
    """A span of OpenTelemetry's.

    Args:
        tracer: begins its children.
        span: under way.
    """

    def __init__(self, tracer: Tracer, span: OtelSpan) -> None:
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

    def tell(self, attributes: Attributes) -> None:
        """See `Span.tell`."""
        self._span.set_attributes(attributes)

    def end(self, *, error: str | None = None) -> None:
        """See `Span.end`."""
        if error is not None:
            self._span.set_attribute("error.type", error)
            self._span.set_status(Status(StatusCode.ERROR, error))
        self._span.end()
