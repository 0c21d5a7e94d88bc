"""`POST /v1/embeddings`: what is refused, what is answered, what is left behind."""

import base64

import numpy as np
import pytest
from openai.types import CreateEmbeddingResponse

from orchestrator.engines.base import Text
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.fake_vectors import DIMENSIONS, fake_vector
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError
from tests.served import Service, fault

PATH = "/v1/embeddings"


async def embed(given: object, service: Service | None = None, **more: object):
    body = {"model": "vectors", "input": given, **more}
    return await (service or Service()).post(PATH, **body)


@pytest.mark.parametrize(
    ("given", "param", "sentence"),
    [
        ("", "input", "'input' is an empty text; nothing has no vector"),
        ([], "input", "at least 1 item"),
        (["a", ""], "input[1]", "'input[1]' is an empty text; nothing has no vector"),
        ([[1], []], "input[1]", "'input[1]' is an empty list; nothing has no vector"),
        (["a", 1], "input[1]", "valid string"),
        ([1, "a"], "input[1]", "valid integer"),
        ([[1], [-1]], "input[1][0]", "at least 0"),
        ([True], "input[0]", "valid integer"),
        ({"text": "a"}, "input", "valid string"),
        (None, "input", "valid string"),
        (["a"] * 2049, "input", "at most 2048 items"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_inputs_that_cannot_be_embedded_are_named(given, param, sentence):
    response = await embed(given)

    assert response.status_code == 400
    assert fault(response)["param"] == param
    assert sentence in fault(response)["message"]


@pytest.mark.parametrize(
    ("more", "param", "sentence"),
    [
        ({"encoding_format": "hex"}, "encoding_format", "allowed: 'float' or 'base64'"),
        ({"dimensions": 0}, "dimensions", "at least 1"),
        ({"dimensions": 8}, "dimensions", f"gives {DIMENSIONS} dimensions, not 8"),
        ({"temperature": 1}, "temperature", "unknown parameter 'temperature'"),
        ({"dimension": 8}, "dimension", "did you mean 'dimensions'?"),
        ({"user": 7}, "user", "valid string"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_parameters_that_cannot_be_honoured_are_refused(more, param, sentence):
    response = await embed("a", **more)

    assert response.status_code == 400
    assert fault(response)["param"] == param
    assert sentence in fault(response)["message"]


async def test_a_body_without_input_is_refused():
    response = await Service().post(PATH, model="vectors")

    assert fault(response)["message"] == "'input' is required"


async def test_an_unknown_model_is_404_with_the_nearest():
    response = await embed("a", model="vector")

    assert response.status_code == 404
    assert "nearest: ['vectors']" in fault(response)["message"]


@pytest.mark.parametrize("model", ["auto", "math"])
async def test_models_that_answer_with_text_name_those_that_embed(model):
    response = await embed("a", model=model)

    assert response.status_code == 400
    assert fault(response)["param"] == "model"
    assert f"{model!r} answers with text and does not embed" in fault(response)["message"]
    assert "models that do: ['vectors']" in fault(response)["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "1+1?"}]}),
        ("/v1/completions", {"prompt": "1+1?"}),
        ("/v1/route", {"prompt": "1+1?"}),
    ],
    ids=["chat", "completions", "route"],
)
async def test_an_embedder_is_not_asked_to_talk(path, body):
    response = await Service().post(path, model="vectors", **body)

    assert response.status_code == 400
    assert "'vectors' does not answer with text, it embeds" in fault(response)["message"]
    assert "'math'" in fault(response)["message"]


async def test_no_composition_ever_routes_to_an_embedder():
    decision = (await Service().post("/v1/route", prompt="1+1?")).json()

    assert "vectors" not in decision["chosen"]


async def test_an_input_beyond_the_context_is_named_with_both_numbers():
    service = Service(engine=FakeEngine(script=lambda _: Script(max_context=2)))

    response = await embed(["one two", "one two three"], service)

    assert fault(response)["code"] == "context_length_exceeded"
    assert fault(response)["param"] == "input[1]"
    assert "3 tokens, its context holds 2" in fault(response)["message"]


async def test_a_dead_engine_is_told_with_its_status():
    response = await embed("a", Service(engine=FakeEngine(fails=EngineDeadError("gone"))))

    assert response.status_code == 503
    assert fault(response)["code"] == "engine_dead"


async def test_answers_are_openai_s_objects_in_the_order_asked():
    response = await embed(["one two", "three"])

    answer = CreateEmbeddingResponse.model_validate(response.json(), strict=True)
    assert [one.index for one in answer.data] == [0, 1]
    assert (answer.model, answer.usage.prompt_tokens, answer.usage.total_tokens) == (
        "vectors", 3, 3,
    )  # fmt: skip
    expected = [fake_vector(Text(text=text)) for text in ("one two", "three")]
    np.testing.assert_array_equal(np.float32([one.embedding for one in answer.data]), expected)


@pytest.mark.parametrize(
    ("given", "inputs"),
    [
        ("a b", [Text(text="a b")]),
        (["a b"], [Text(text="a b")]),
        ([1, 2], [Text(token_ids=(1, 2))]),
        ([[1, 2], [3]], [Text(token_ids=(1, 2)), Text(token_ids=(3,))]),
    ],
    ids=["text", "texts", "ids", "id lists"],
)
async def test_all_four_forms_of_input_arrive(given, inputs):
    service = Service()

    response = await embed(given, service)

    assert len(response.json()["data"]) == len(inputs)
    assert list(service.engine.calls[0].inputs) == inputs


async def test_base64_holds_the_same_numbers():
    plain = (await embed("one two")).json()["data"][0]["embedding"]
    packed = (await embed("one two", encoding_format="base64")).json()["data"][0]["embedding"]

    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(packed), "<f4"), np.float32(plain))


async def test_a_request_leaves_headers_and_a_record_without_its_words():
    service = Service()

    response = await embed(["secret words", "more"], service, user="u1")

    assert response.headers["x-orchestrator-expert"] == "vectors"
    assert response.headers["x-orchestrator-generation"] == "7"
    record = await service.last_record()
    assert (record.endpoint, record.model, record.expert) == (PATH, "vectors", "vectors")
    assert (record.prompt_tokens, record.completion_tokens, record.user) == (3, 0, "u1")
    assert (record.status, record.is_streamed) == (200, False)
    assert "secret" not in record.model_dump_json()


async def test_the_call_carries_the_registry_s_timeout_and_the_pinned_generation():
    service = Service()

    await embed("a", service, dimensions=DIMENSIONS)

    (call,) = service.engine.calls
    assert (call.expert, call.generation, call.timeout_s) == ("vectors", 7, 120.0)
    assert call.dimensions == DIMENSIONS


async def test_models_say_which_of_them_embed():
    listed = (await Service().get("/v1/models")).json()["data"]

    assert {one["id"]: one["task"] for one in listed} == {
        "auto": "generate", "math": "generate", "painter": "generate", "plain": "generate",
        "vectors": "embed",
    }  # fmt: skip
