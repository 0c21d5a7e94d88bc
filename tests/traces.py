"""Spans as they were recorded, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from orchestrator.tracing.recording import LeanSource
from orchestrator.tracing.tracing import Tracing


@dataclass(kw_only=True)
class Recorder:
    """Records spans in memory."""

    sampler: Sampler = field(default_factory=lambda: ParentBased(ALWAYS_ON))
    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    def tracing(self) -> Tracing:
        provider = TracerProvider(sampler=self.sampler, shutdown_on_exit=False)
        kept = SimpleSpanProcessor(self.exporter)
        return Tracing(LeanSource(provider, kept, scope=InstrumentationScope("test")))

    @property
    def spans(self) -> list[ReadableSpan]:
        """Those that have ended, the one that began first first."""
        return sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time)

    def tree(self) -> dict[str, list]:
        """Name of each span without a parent here -> the names below it, as (name, below)."""
        ids = {span.context.span_id for span in self.spans}
        roots = [s for s in self.spans if s.parent is None or s.parent.span_id not in ids]
        return [self._below(span) for span in roots]

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def _below(self, span: ReadableSpan):
        children = [
            one for one in self.spans if one.parent and one.parent.span_id == span.context.span_id
        ]
        return (span.name, [self._below(one) for one in children])
