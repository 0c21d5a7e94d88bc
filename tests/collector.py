"""A collector of traces, as OTLP over HTTP has it, for tests."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span


@dataclass(kw_only=True)
class Collector:
    """What it was sent, in order."""

    url: str = ""
    _batches: queue.Queue[ResourceSpans] = field(default_factory=queue.Queue)
    _lines: queue.Queue[LogRecord] = field(default_factory=queue.Queue)

    def take(self, body: bytes) -> None:
        for batch in ExportTraceServiceRequest.FromString(body).resource_spans:
            self._batches.put(batch)

    def take_lines(self, body: bytes) -> None:
        for batch in ExportLogsServiceRequest.FromString(body).resource_logs:
            for scope in batch.scope_logs:
                for line in scope.log_records:
                    self._lines.put(line)

    def line(self, timeout_s: float = 30.0) -> LogRecord:
        """The next log line that comes."""
        return self._lines.get(timeout=timeout_s)

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
            body = self.rfile.read(int(self.headers["content-length"]))
            takes = {"/v1/traces": collector.take, "/v1/logs": collector.take_lines}
            takes[self.path](body)
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
