"""Every answer of the service that OpenAI has a type for, as that type."""

import json
from collections.abc import Iterator

import httpx
import pytest
from openai.types import (
    Batch,
    Completion,
    CreateEmbeddingResponse,
    FileDeleted,
    FileObject,
    Model,
)
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent

from orchestrator.api.openai_forms import CompletionChunk
from tests.e2e.service import Service
from tests.free_ports import free_port
from tests.official import official, official_error, official_event
from tests.served import data_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

REGISTRY = """\
version: 1
experts:
  - {id: one, engine: {kind: fake, says: first answer}}
  - {id: vectors, engine: {kind: fake, task: embed}}
"""
CHAT = {"model": "one", "messages": [{"role": "user", "content": "Hello"}]}
TEXT = {"model": "one", "prompt": "Hello"}
INPUT = {"model": "one", "input": "Hello"}
STREAM = {"stream": True, "stream_options": {"include_usage": True}}


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("official")
    (folder / "experts.yaml").write_text(REGISTRY)
    port = free_port()
    service = Service(folder / "experts.yaml", port=port, folder=folder / "data").await_ready()
    with httpx.Client(base_url=f"{service.url}/v1", timeout=60, trust_env=False) as client:
        yield client
    service.stop()


def posted(client: httpx.Client, path: str, **body: object) -> httpx.Response:
    response = client.post(path, json=body)
    assert response.status_code == 200, response.text
    return response


@pytest.mark.parametrize("more", [{}, {"n": 2}, {"logprobs": True, "top_logprobs": 2}], ids=str)
def test_a_chat(client, more):
    answer = official(ChatCompletion, posted(client, "/chat/completions", **CHAT, **more).content)

    assert answer.choices[0].message.content == "first answer"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_a_streamed_chat(client):
    *told, done = data_of(posted(client, "/chat/completions", **CHAT, **STREAM))
    chunks = [official(ChatCompletionChunk, one) for one in told]

    assert done == "[DONE]"
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[-1].usage.completion_tokens == 2


@pytest.mark.parametrize("more", [{}, {"logprobs": 2}, {"echo": True}], ids=str)
def test_a_text_completion(client, more):
    answer = official(Completion, posted(client, "/completions", **TEXT, **more).content)

    assert answer.choices[0].text.endswith("first answer")


def test_a_streamed_text_completion(client):
    # OpenAI's type has no null as the reason of an end that is to come; its service sends it.
    *told, done = data_of(posted(client, "/completions", **TEXT, **STREAM))
    chunks = [official(CompletionChunk, one) for one in told]

    assert done == "[DONE]"
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"


def test_a_response(client):
    answer = official(Response, posted(client, "/responses", **INPUT).content)

    assert (answer.output_text, answer.status) == ("first answer", "completed")


def test_a_streamed_response(client):
    told = data_of(posted(client, "/responses", **INPUT, stream=True))
    events = [official_event(ResponseStreamEvent, one) for one in told]

    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_vectors(client):
    answer = posted(client, "/embeddings", model="vectors", input=["a", "b"])

    assert len(official(CreateEmbeddingResponse, answer.content).data) == 2


def test_models(client):
    listed = client.get("/models").json()

    names = [plain(one).id for one in listed["data"]]
    assert (listed["object"], names) == ("list", ["one", "vectors"])
    assert plain(client.get("/models/one").json()).id == "one"


def plain(told: dict) -> Model:
    """A model without what this service tells besides (docs/api.md), which is under one key."""
    return official(Model, json.dumps({n: told[n] for n in Model.model_fields if n in told}))


def test_a_file_and_a_batch_of_it(client):
    line = {"custom_id": "q1", "method": "POST", "url": "/v1/chat/completions", "body": CHAT}
    upload = {"file": ("in.jsonl", json.dumps(line).encode() + b"\n")}
    file = official(
        FileObject, client.post("/files", files=upload, data={"purpose": "batch"}).content
    )
    asked = {"input_file_id": file.id, "endpoint": line["url"], "completion_window": "24h"}
    batch = official(Batch, posted(client, "/batches", **asked).content)
    with client.stream(
        "GET", f"/batches/{batch.id}/progress", headers={"accept": "text/event-stream"}
    ) as watched:
        watched.read()  # to its end, which is the batch's
    ended = official(Batch, client.get(f"/batches/{batch.id}").content)

    assert (ended.status, ended.request_counts.completed) == ("completed", 1)
    output = json.loads(client.get(f"/files/{ended.output_file_id}/content").content)
    official(ChatCompletion, json.dumps(output["response"]["body"]))
    assert official(FileDeleted, client.delete(f"/files/{file.id}").content).deleted


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/chat/completions", {**CHAT, "model": "two"}, 404, "model_not_found"),
        ("/chat/completions", {**CHAT, "temperature": 3}, 400, "invalid_request"),
        ("/responses", {**INPUT, "background": True}, 400, "unsupported_parameter"),
        ("/files/none", None, 404, "not_found"),
        ("/nowhere", None, 404, "not_found"),
    ],
)
def test_errors(client, path, body, status, code):
    response = client.get(path) if body is None else client.post(path, json=body)

    assert response.status_code == status
    assert official_error(response.content).code == code
