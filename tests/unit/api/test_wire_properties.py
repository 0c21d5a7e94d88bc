import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.api.chat_writer import ChatWriter
from orchestrator.api.requests import ChatRequest, CompletionRequest
from orchestrator.api.writers import Head
from orchestrator.engines.base import Chunk, Delta
from orchestrator.engines.fake import FakeEngine
from tests.served import Service, fault

HEAD = Head(id="chatcmpl-1", created=1, model="auto", generation=7)

texts = st.text(st.characters(exclude_categories=["Cs"]))
deltas = st.builds(Delta, index=st.integers(0, 3), text=texts, reasoning=texts)
chunks = st.lists(st.builds(Chunk, deltas=st.lists(deltas, max_size=3).map(tuple)))

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KEYS = [*ChatRequest.model_fields, *CompletionRequest.model_fields, "store", "functions", "odd"]
bodies = st.dictionaries(st.sampled_from(KEYS), documents)
MESSAGES = [{"role": "user", "content": "hi"}]


@pytest.fixture(scope="module")
async def client():
    """One endpoint for all examples: building it is most of the time of one."""
    async with Service(engine=FakeEngine("ok")).client() as client:
        yield client


@given(chunks)
def test_a_stream_read_back_is_what_was_written(written):
    writer = ChatWriter(HEAD, has_usage=False)

    text = b"".join(writer.events(chunk) for chunk in written).decode()

    read = [json.loads(event.removeprefix("data: ")) for event in text.split("\n\n")[:-1]]
    choices = [event["choices"][0] for event in read]
    expected = [delta for chunk in written for delta in chunk.deltas]
    assert [(c["index"], c["delta"].get("content", "")) for c in choices] == [
        (delta.index, delta.text) for delta in expected
    ]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=100)
@given(path=st.sampled_from(["chat/completions", "completions", "route"]), body=bodies | documents)
async def test_no_json_is_ever_a_500(client, path, body):
    response = await client.post(f"/v1/{path}", content=json.dumps(body).encode())

    assert response.status_code in (200, 400, 404)
    assert response.status_code == 200 or fault(response)["message"]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=100)
@given(body=bodies)
async def test_no_parameter_of_a_sound_chat_is_ever_a_500(client, body):
    sound = {**body, "model": "math", "messages": MESSAGES}

    response = await client.post("/v1/chat/completions", content=json.dumps(sound).encode())

    assert response.status_code in (200, 400)


@settings(deadline=None)
@given(content=st.binary(max_size=64))
async def test_no_bytes_are_ever_a_500(client, content):
    response: httpx.Response = await client.post("/v1/chat/completions", content=content)

    assert response.status_code == 400
    assert fault(response)["code"] == "invalid_request"
