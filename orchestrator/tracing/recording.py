"""Records spans with little: the kit's own take five times as long, in the midst of requests.

Who samples, which ids there are and who is handed spans that ended is the kit's. What it checks of
each attribute, and its limits, are applied by the process that sends them (`carried`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
)

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

#: The kit's `Decision`s; the third one records without sending.
_SAMPLED, _DROPPED = "RECORD_AND_SAMPLE", "DROP"
_UNSET = Status(StatusCode.UNSET)


class SpanSource(Protocol):
    """Begins spans: this module's, and any tracer of the kit's."""

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
    ) -> Span:
        """As the kit's `Tracer` has it."""
        ...


class LeanSpan(Span):
    """One span under way; once it has ended it reads as the kit's `ReadableSpan`.

    It has no events: what happens in a request is spans and log lines.
    """

    __slots__ = (
        "_source",
        "attributes",
        "context",
        "end_time",
        "kind",
        "links",
        "name",
        "parent",
        "start_time",
        "status",
    )

    def __init__(
        self, source: LeanSource, name: str, *, context: SpanContext, parent: SpanContext | None
    ) -> None:
        self._source = source
        self.name, self.context, self.parent = name, context, parent
        self.kind, self.status = SpanKind.INTERNAL, _UNSET
        self.start_time = 0
        self.end_time: int | None = None
        self.attributes: dict[str, Any] = {}
        self.links: Sequence[Link] = ()

    @property
    def resource(self) -> Resource:
        """Of its process."""
        return self._source.resource

    @property
    def instrumentation_scope(self) -> InstrumentationScope:
        """Of its source."""
        return self._source.scope

    def get_span_context(self) -> SpanContext:
        """By what others name it."""
        return self.context

    def is_recording(self) -> bool:
        """Whether it is under way."""
        return self.end_time is None

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Add what is known of it; lists become tuples, which nobody can change later."""
        if self.end_time is None:
            for name, value in attributes.items():
                self.attributes[name] = tuple(value) if type(value) is list else value

    def set_attribute(self, key: str, value: Any) -> None:
        """Add one thing that is known of it."""
        self.set_attributes({key: value})

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Say how it went."""
        self.status = status if isinstance(status, Status) else Status(status, description)

    def update_name(self, name: str) -> None:
        """Call it otherwise."""
        self.name = name

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        """Nothing: spans here have no events."""

    def record_exception(
        self,
        exception: BaseException,
        attributes: Any = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Nothing: spans here have no events; the code of an error is an attribute."""

    def end(self, end_time: int | None = None) -> None:
        """Hand it over, once."""
        if self.end_time is None:
            self.end_time = time.time_ns() if end_time is None else end_time
            self._source.ended(self)


class LeanSource:
    """A `SpanSource` for one process.

    Args:
        provider: of the kit: its sampler, ids and resource.
        processor: of the kit: is handed spans that ended.
        scope: who speaks.
    """

    def __init__(
        self, provider: TracerProvider, processor: SpanProcessor, *, scope: InstrumentationScope
    ) -> None:
        self._sampler, self._ids = provider.sampler, provider.id_generator
        self._processor = processor
        self.resource, self.scope = provider.resource, scope

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
    ) -> Span:
        """Begin one; a piece of a span of this process is recorded as that one is."""
        above = get_current_span(context)
        if isinstance(above, LeanSpan):
            span: Span = self._piece(name, above.context)
        else:
            span = self._first(name, context, above.get_span_context(), kind=kind, links=links)
        if not isinstance(span, LeanSpan):
            return span
        span.kind, span.links = kind, tuple(links or ())
        span.start_time = time.time_ns() if start_time is None else start_time
        if attributes:
            span.set_attributes(attributes)
        return span

    def ended(self, span: LeanSpan) -> None:
        """Pass on a span that has ended."""
        self._processor.on_end(cast("ReadableSpan", span))

    def _piece(self, name: str, above: SpanContext) -> LeanSpan:
        context = SpanContext(
            above.trace_id, self._ids.generate_span_id(), False, above.trace_flags,
            above.trace_state,
        )  # fmt: skip
        return LeanSpan(self, name, context=context, parent=above)

    def _first(
        self,
        name: str,
        context: Context | None,
        above: SpanContext,
        *,
        kind: SpanKind,
        links: Sequence[Link] | None,
    ) -> Span:
        """The first one of this process in its trace: the sampler decides on all of them."""
        parent = above if above.is_valid else None
        trace_id = self._ids.generate_trace_id() if parent is None else parent.trace_id
        sampled = self._sampler.should_sample(context, trace_id, name, kind, None, links)
        decision = sampled.decision.name
        flags = TraceFlags.SAMPLED if decision == _SAMPLED else TraceFlags.DEFAULT
        if self._ids.is_trace_id_random() if parent is None else parent.trace_flags.random_trace_id:
            flags |= TraceFlags.RANDOM_TRACE_ID
        made = SpanContext(
            trace_id, self._ids.generate_span_id(), False, TraceFlags(flags), sampled.trace_state
        )
        if decision == _DROPPED:
            return NonRecordingSpan(made)
        span = LeanSpan(self, name, context=made, parent=parent)
        span.set_attributes(sampled.attributes or {})
        return span
