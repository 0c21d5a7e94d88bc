"""Log lines as a collector gets them."""

import os
import subprocess
import sys

import pytest

from tests.collector import collecting, told_of

TRACE = "0af7651916cd43dd8448eb211c80319c"
#: A process of the service: it ends as it would, and what it holds has to be out by then.
PROGRAM = f"""
import logging, os
from orchestrator.events.telling import about, tell
from orchestrator.tracing.log_export import send_lines
root, log = logging.getLogger(), logging.getLogger("orchestrator.test")
root.setLevel(logging.INFO)
for _ in range(2):
    send_lines(root, os.environ, role="gateway")
with about(request_id="r1", trace_id="{TRACE}"):
    tell(log, "step", logging.ERROR, slot="local", took_s=0.5, engine=None)
logging.getLogger("opentelemetry.sdk").warning("of the sender itself")
log.warning("in %s", "words at redis://me:hunter22@host")
logging.shutdown()
"""


@pytest.mark.integration
def test_a_collector_gets_events_by_name_and_words_as_they_are():
    with collecting() as collector:
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_LOGS_EXPORTER": "otlp"}
        subprocess.run([sys.executable, "-c", PROGRAM], env={**os.environ, **told}, check=True)
        event, words = collector.line(), collector.line()

    assert (event.event_name, event.severity_text) == ("step", "ERROR")
    assert event.trace_id.hex() == TRACE
    assert told_of(event.attributes) == {
        "logger": "orchestrator.test", "request_id": "r1", "trace_id": TRACE, "slot": "local",
    }  # fmt: skip
    assert words.body.string_value == "in words at redis://***@host"
