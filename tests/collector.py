"""A collector of traces, as OTLP over HTTP has it, for tests."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span


@dataclass(kw_only=True)
class Collector:
    """What it was sent, in order."""

    url: str = ""
    _batches: queue.Queue[ResourceSpans] = field(default_factory=queue.Queue)

    def take(self, body: bytes) -> None:
        for batch in ExportTraceServiceRequest.FromString(body).resource_spans:
            self._batches.put(batch)

    def batch(self, timeout_s: float = 30.0) -> ResourceSpans:
        """The next that comes."""
        return self._batches.get(timeout=timeout_s)

    def trace(self, root: str, timeout_s: float = 30.0) -> list[Span]:
        """All spans up to the one of this name, which ends last."""
        found: list[Span] = []
        while all(span.name != root for span in found):
            found += spans_of(self.batch(timeout_s))
        return found


def spans_of(batch: ResourceSpans) -> list[Span]:
    return [span for scope in batch.scope_spans for span in scope.spans]


def told_of(attributes) -> dict[str, str]:
    """Those attributes that are texts."""
    return {one.key: one.value.string_value for one in attributes if one.value.string_value}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a port of its own."""
    collector = Collector()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            collector.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
