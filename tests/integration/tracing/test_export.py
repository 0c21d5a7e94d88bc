"""Spans as a collector gets them."""

import os
import subprocess
import sys

import pytest

from tests.collector import collecting, spans_of, told_of

#: A process of the service: it ends as it would, and what it holds has to be out by then.
PROGRAM = """
import os
from orchestrator.tracing.exporting import tracing_of
span = tracing_of(os.environ).begun("POST /v1/chat/completions", {}, created_s=1.0)
span.child("stage vote").end()
span.end()
"""


@pytest.mark.integration
@pytest.mark.parametrize(
    ("named", "name"),
    [({}, "orchestrator"), ({"OTEL_SERVICE_NAME": "experts"}, "experts")],
    ids=["unnamed", "named"],
)
def test_a_collector_gets_the_spans_of_a_process_that_ends(named, name):
    with collecting() as collector:
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_RESOURCE_ATTRIBUTES": "zone=a"}
        subprocess.run(
            [sys.executable, "-c", PROGRAM], env={**os.environ, **told, **named}, check=True
        )
        batch = collector.batch()

    known, spans = told_of(batch.resource.attributes), spans_of(batch)
    assert (known["service.name"], known["zone"]) == (name, "a")
    assert [span.name for span in spans] == ["stage vote", "POST /v1/chat/completions"]
    assert spans[0].parent_span_id == spans[1].span_id
