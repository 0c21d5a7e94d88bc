"""Streams of compositions through the whole service, read by stock clients: scripted experts."""

import time

import httpx
import openai
import pytest

from orchestrator.client import Client, Stage
from tests.e2e.service import Service, ask
from tests.free_ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

#: A sample of `slow` takes so long, seconds.
SLOW_S = 2.0
REGISTRY = """\
experts:
  - {id: quick, engine: {kind: fake, says: it is four}}
  - {id: slow, engine: {kind: fake, says: a b c d, token_delay_ms: 500}}
  - {id: writer, engine: {kind: fake, says: all of it, token_delay_ms: 20}}
routers:
  to_slow: {kind: language, experts: {fr: slow}, otherwise: {expert: slow}}
  to_quick: {kind: language, experts: {fr: quick}, otherwise: {expert: quick}}
compositions:
  refined: {kind: self_moa, router: to_slow, samples: 2, aggregator: writer}
  careful: {kind: vote, router: to_quick, samples: 3}
  nested: {kind: moa, proposers: [careful, quick], aggregator: writer}
"""
MESSAGES = [{"role": "user", "content": "2+2?"}]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "experts.yaml").write_text(REGISTRY)
    service = Service(
        folder / "experts.yaml",
        port=free_port(),
        folder=folder / "data",
        gateways=2,
    ).await_ready()
    yield service.url
    service.stop()


def official(url: str) -> openai.OpenAI:
    http = httpx.Client(trust_env=False)
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, http_client=http)


def records(url: str) -> list[dict]:
    return httpx.get(f"{url}/admin/decisions", trust_env=False).json()["data"]


def test_the_official_client_reads_the_answer_and_its_usage(url):
    with official(url) as client:
        events = list(
            client.chat.completions.create(
                model="nested",
                messages=MESSAGES,
                stream=True,
                stream_options={"include_usage": True},
            )
        )

    said = [event.choices[0].delta.content or "" for event in events if event.choices]
    assert "".join(said) == "all of it"
    # Three voters, the other proposer, the writer.
    assert events[-1].usage.completion_tokens == (3 + 1) * 3 + 3
    assert sum("orchestrator" in (event.model_extra or {}) for event in events) > 0


def test_stages_arrive_while_they_run(url):
    asked_s = time.monotonic()
    with Client(url) as client:
        events = client.chat("2+2?", model="refined", stream=True).events()
        first = next(events)
        first_s = time.monotonic() - asked_s
        rest = list(events)

    assert (first.stage, first.state, first.models) == ("samples", "started", ("slow",))
    assert first_s < SLOW_S
    done = next(event for event in rest if isinstance(event, Stage) and event.state == "done")
    assert done.took_s >= SLOW_S * 0.75


def test_details_say_what_each_expert_did_inside_compositions_too(url):
    with Client(url) as client:
        answer = client.chat("2+2?", model="nested", details=True)

    [proposals, _] = answer.details.stages
    assert [call.expert for call in proposals.calls] == ["careful", "quick"]
    assert [stage.name for stage in proposals.calls[0].stages] == ["vote"]
    assert {name: one.calls for name, one in answer.details.by_expert.items()} == {
        "quick": 2, "writer": 1,
    }  # fmt: skip


def test_a_cap_that_is_met_is_told_and_the_answer_is_there(url):
    answer = ask(url, "nested", headers={"x-orchestrator-max-calls": "2"})

    assert answer.status_code == 200
    assert answer.headers["x-orchestrator-reached"] == "max_calls"


def test_a_client_that_leaves_amid_a_stage_is_recorded_as_gone(url):
    with official(url) as client:
        stream = client.chat.completions.create(model="refined", messages=MESSAGES, stream=True)
        next(iter(stream))
        stream.close()

    deadline_s = time.monotonic() + 30
    while not any(one["status"] == 499 for one in records(url)):
        assert time.monotonic() < deadline_s, records(url)
    gone = next(one for one in records(url) if one["status"] == 499)
    assert gone["duration_ms"] < SLOW_S * 1000
    assert gone["stages"][0]["calls"][0]["ending"] == "cancelled"


def test_stages_are_counted(url):
    metrics = httpx.get(f"{url}/metrics", trust_env=False).text

    assert 'orchestrator_stages_total{composition="careful",stage="vote"}' in metrics
    assert 'orchestrator_stage_calls_total{composition="nested",ending="done"}' in metrics
