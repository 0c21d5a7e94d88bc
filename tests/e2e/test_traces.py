"""Traces and log lines of a whole service, as a collector gets them."""

import json

import httpx
import pytest

from tests.collector import collecting, spans_of, told_of
from tests.e2e.service import FAKES, Service, ask
from tests.free_ports import free_port
from tests.registries import write_model

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

COMPOSITIONS = """\
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
ONE_SLOT = "slots:\n  - {name: local, memory_gib: 4, engine_overhead_gib: 0.25}\n"
CHAT = "POST /v1/chat/completions"


def parent(trace: str) -> dict[str, str]:
    return {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A collector, and a service that sends to it; its one slot has two siblings."""
    folder = tmp_path_factory.mktemp("site")
    siblings = "".join(
        f"  - {json.dumps({'id': id_, 'model': str(write_model(folder / id_, num_bytes=64))})}\n"
        for id_ in ("first", "second")
    )
    (folder / "experts.yaml").write_text(FAKES + MORE + siblings + ONE_SLOT + COMPOSITIONS)
    with collecting() as collector:
        service = Service(
            folder / "experts.yaml",
            port=free_port(),
            folder=folder / "data",
            program="tests.e2e.scripted_service",
            environment={
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
                "OTEL_LOGS_EXPORTER": "otlp",
            },
        ).await_ready()
        yield collector, service
        service.stop()


def spans_in(collector, trace: str, names: set[str]) -> dict[str, list]:
    """Spans of a trace by name, from whatever process, once these are among them."""
    found: dict[str, list] = {}
    while not names <= found.keys():
        for span in spans_of(collector.batch(60.0)):
            if span.trace_id.hex() == trace:
                found.setdefault(span.name, []).append(span)
    return found


def test_a_composed_request_is_one_trace_at_the_collector(site):
    collector, service = site
    trace = "0af7651916cd43dd8448eb211c80319c"

    reply = ask(service.url, "best", headers=parent(trace))
    found = spans_in(collector, trace, {CHAT})

    assert reply.json()["choices"][0]["message"]["content"] == "first answer"
    spans = [span for named in found.values() for span in named]
    by_id = {span.span_id: span.name for span in spans}
    below = sorted((by_id.get(span.parent_span_id, ""), span.name) for span in spans)
    assert below == [
        ("", CHAT),
        (CHAT, "stage candidates"),
        (CHAT, "stage verdicts"),
        ("stage candidates", "chat one"),
        ("stage candidates", "chat two"),
        ("stage verdicts", "chat judge"),
        ("stage verdicts", "chat judge"),
    ]
    told = told_of(found[CHAT][0].attributes)
    assert told["orchestrator.request_id"] == reply.headers["x-orchestrator-request-id"]


def test_a_swap_is_told_in_the_trace_of_the_call_that_waited_for_it(site):
    collector, service = site
    ask(service.url, "first")
    trace = "1af7651916cd43dd8448eb211c80319c"

    reply = ask(service.url, "second", headers=parent(trace))
    found = spans_in(collector, trace, {CHAT, "wait for turn", "step swap", "answer"})

    assert reply.status_code == 200
    [call], [wait], [swap] = found["chat second"], found["wait for turn"], found["step swap"]
    assert (wait.parent_span_id, swap.parent_span_id) == (call.span_id, wait.span_id)
    swap_id = told_of(swap.attributes)["orchestrator.swap_id"]
    assert told_of(wait.attributes)["orchestrator.swap_id"] == swap_id
    events = {}
    while not {"step", "request"} <= events.keys():
        line = collector.line(60.0)
        if line.event_name == "step" and told_of(line.attributes)["swap_id"] == swap_id:
            events["step"] = line
        if line.event_name == "request" and line.trace_id.hex() == trace:
            events["request"] = line


def batched(url: str, **body: object) -> str:
    """A batch of one line, begun; its id."""
    line = json.dumps({"custom_id": "a", "method": "POST", "url": CHAT.split()[1], "body": body})
    with httpx.Client(base_url=url, timeout=60) as client:
        file = {"files": {"file": ("in.jsonl", line)}, "data": {"purpose": "batch"}}
        named = {"input_file_id": client.post("/v1/files", **file).json()["id"]}
        asked = {**named, "endpoint": CHAT.split()[1], "completion_window": "24h"}
        return client.post("/v1/batches", json=asked).raise_for_status().json()["id"]


def test_a_line_of_a_batch_names_the_span_of_its_batch(site):
    collector, service = site

    batch = batched(service.url, model="one", messages=[{"role": "user", "content": "hi"}])
    found = {}
    while len(found) < 2:
        for span in spans_of(collector.batch(60.0)):
            if told_of(span.attributes).get("orchestrator.batch") == batch:
                found[span.name] = span

    line, whole = found[CHAT], found[f"batch {CHAT.split()[1]}"]
    assert [link.span_id for link in line.links] == [whole.span_id]
    assert told_of(whole.attributes)["orchestrator.batch_status"] == "completed"
