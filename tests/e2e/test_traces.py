"""Traces of a whole service, as a collector gets them."""

import pytest

from orchestrator.service import ports
from tests.collector import collecting, told_of
from tests.e2e.service import FAKES, Service, ask

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

BOTH = """\
compositions:
  best:
    kind: best_of_n
    proposers: [one, two]
    samples: 1
    judges: [{kind: score, expert: judge}]
"""
MORE = """\
  - {id: two, engine: {kind: fake, says: second answer}}
  - {id: judge, engine: {kind: fake, says: "yes"}}
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


def test_a_composed_request_is_one_trace_at_the_collector(tmp_path):
    (tmp_path / "experts.yaml").write_text(FAKES + MORE + BOTH)
    with collecting() as collector:
        service = Service(
            tmp_path / "experts.yaml",
            port=ports.choose("127.0.0.1", 19_999).dashboard,
            folder=tmp_path / "data",
            environment={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url},
        ).await_ready()
        try:
            reply = ask(service.url, "best", headers=PARENT)
            spans = collector.trace("POST /v1/chat/completions")
        finally:
            service.stop()

    assert reply.json()["choices"][0]["message"]["content"] == "first answer"
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    by_id = {span.span_id: span.name for span in spans}
    below = sorted((by_id.get(span.parent_span_id, ""), span.name) for span in spans)
    assert below == [
        ("", "POST /v1/chat/completions"),
        ("POST /v1/chat/completions", "stage candidates"),
        ("POST /v1/chat/completions", "stage verdicts"),
        ("stage candidates", "chat one"),
        ("stage candidates", "chat two"),
        ("stage verdicts", "chat judge"),
        ("stage verdicts", "chat judge"),
    ]
    request = told_of(next(s for s in spans if s.name.startswith("POST")).attributes)
    assert request["orchestrator.request_id"] == reply.headers["x-orchestrator-request-id"]
