"""Random sibling experts on real vLLM behind the whole service."""

import time

import httpx
import openai
import pytest

from orchestrator.service import ports
from tests.e2e.service import LOOPBACK, Service, ask, listeners
from tests.e2e.tiny_models import END_OF_TEXT, write_model

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

REGISTRY = """\
version: 1
experts:
  - {id: first, model: models/first, engine: {kind: vllm, kv_cache_gib: 0.05}}
  - {id: second, model: models/second, engine: {kind: vllm, kv_cache_gib: 0.05}}
  - {id: scripted, engine: {kind: fake, says: hello}}
slots:
  - {name: local, memory_gib: 4}
"""
#: Some seconds of generation: the end of the text is forbidden.
LONG = {"max_tokens": 900, "logit_bias": {str(END_OF_TEXT): -100}}
#: A swap needs an idle engine, so an answer of the sibling proves that the engine is idle.
SOON_S = 2.0


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    for seed, name in enumerate(["first", "second"]):
        write_model(folder / "models" / name, seed=seed)
    registry = folder / "experts.yaml"
    registry.write_text(REGISTRY)
    port = ports.choose("127.0.0.1", 19_999).dashboard
    service = Service(registry, port=port, folder=folder / "data").await_ready(timeout_s=600)
    yield service
    service.stop()


@pytest.fixture(scope="module")
def client(service):
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def chat(client: openai.OpenAI, model: str, **options):
    messages = [{"role": "user", "content": "Hello"}]
    return client.chat.completions.create(model=model, messages=messages, **options)


def test_siblings_answer_with_their_own_weights_through_the_openai_client(client):
    options = {"max_tokens": 12, "temperature": 0}

    texts = [
        chat(client, model, **options).choices[0].message.content
        for model in ("first", "second", "first")
    ]

    assert texts[0] == texts[2] != texts[1]


def test_a_stream_says_what_the_whole_answer_says(client):
    whole = chat(client, "first", max_tokens=12, temperature=0)

    chunks = chat(client, "first", max_tokens=12, temperature=0, stream=True)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)

    assert text == whole.choices[0].message.content


@pytest.mark.parametrize("is_streamed", [True, False], ids=["streamed", "whole"])
def test_hanging_up_ends_the_generation_in_vllm_within_a_second(service, is_streamed):
    ask(service.url, "first", max_tokens=1)

    with pytest.raises(httpx.ReadTimeout):
        hang_up(service, is_streamed=is_streamed)

    began_s = time.monotonic()
    assert ask(service.url, "second", max_tokens=1).status_code == 200
    assert time.monotonic() - began_s < SOON_S


def hang_up(service: Service, *, is_streamed: bool) -> None:
    if not is_streamed:
        ask(service.url, "first", timeout_s=0.5, **LONG)
    body = {"model": "first", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    with (
        httpx.Client(base_url=service.url, timeout=30, trust_env=False) as client,
        client.stream("POST", "/v1/chat/completions", json=body | LONG) as answer,
    ):
        next(answer.iter_lines())
        raise httpx.ReadTimeout("enough")


def test_engines_listen_on_loopback_too(service):
    found = [address for process in service.processes() for address in listeners(process)]

    assert {ip for ip, _ in found} <= LOOPBACK


def test_a_killed_worker_answers_503_with_retry_after_and_is_replaced(service):
    service.replica("slot-local").kill()

    refused = ask(service.url, "first", max_tokens=1)

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert ask(service.url, "scripted").status_code == 200
    await_answer(service, "first")


def await_answer(service: Service, model: str, *, within_s: float = 400) -> None:
    deadline_s = time.monotonic() + within_s
    while ask(service.url, model, max_tokens=1).status_code != 200:
        assert time.monotonic() < deadline_s
        time.sleep(0.5)
