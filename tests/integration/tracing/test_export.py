"""Spans as a collector gets them."""

import os
import queue
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

#: A process of the service: it ends as it would, and what it holds has to be out by then.
PROGRAM = """
import os
from orchestrator.tracing.exporting import tracing_of
span = tracing_of(os.environ).begun("POST /v1/chat/completions", {}, created_s=1.0)
span.child("stage vote").end()
span.end()
"""


@pytest.fixture
def collector():
    bodies: queue.Queue = queue.Queue()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            bodies.put((self.path, body, self.headers.get("content-encoding")))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", bodies
        server.shutdown()
        thread.join()


@pytest.mark.integration
def test_a_collector_of_otlp_gets_the_spans_of_a_process_that_ends(collector):
    url, bodies = collector
    told = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_RESOURCE_ATTRIBUTES": "zone=a"}

    subprocess.run([sys.executable, "-c", PROGRAM], env={**os.environ, **told}, check=True)

    path, body, encoding = bodies.get(timeout=30)
    [resource] = ExportTraceServiceRequest.FromString(body).resource_spans
    known = {one.key: one.value.string_value for one in resource.resource.attributes}
    spans = [span for scope in resource.scope_spans for span in scope.spans]
    assert (path, encoding) == ("/v1/traces", None)
    assert (known["service.name"], known["zone"]) == ("orchestrator", "a")
    assert [span.name for span in spans] == ["stage vote", "POST /v1/chat/completions"]
    assert spans[0].parent_span_id == spans[1].span_id
