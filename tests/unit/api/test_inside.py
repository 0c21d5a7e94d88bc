import json

import orjson
import pytest

from orchestrator.api.inside import InsideEndpoint
from orchestrator.batch.line import Line
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import (
    InvalidRequestError,
    OverloadedError,
    UnauthenticatedError,
    UnknownModelError,
    UnsupportedParameterError,
)
from tests.executing import chat_line, outlined
from tests.keyrings import Keys
from tests.served import Service, programs_of


def inside(engine: FakeEngine) -> tuple[InsideEndpoint, Service]:
    service, programs = Service(engine=engine), programs_of(engine)
    endpoint = InsideEndpoint(service.app(), lambda: programs, outline=outlined, timeout_s=900.0)
    return endpoint, service


def line(url: str, **body: object) -> Line:
    return Line(number=1, custom_id="a", url=url, body=json.dumps(body).encode())


LINES = [
    pytest.param(chat_line(0, "auto"), "chat.completion", id="chat"),
    pytest.param(line("/v1/completions", model="math", prompt="1+"), "text_completion", id="text"),
    pytest.param(line("/v1/embeddings", model="vectors", input=["a", "b"]), "list", id="vectors"),
]


@pytest.mark.parametrize(("asked", "kind"), LINES)
async def test_a_line_is_answered_as_its_request_is(asked, kind):
    endpoint, service = inside(FakeEngine())

    reply = await endpoint.answer(asked, call_id="batch_1-0-1", batch="batch_1", owner="")

    assert (reply.status_code, reply.request_id, reply.is_ok) == (200, "batch_1-0-1", True)
    assert orjson.loads(reply.body)["object"] == kind
    assert (await service.last_record()).request_id == "batch_1-0-1"


@pytest.mark.parametrize(("asked", "kind"), LINES)
async def test_a_line_has_the_time_of_a_batch(asked, kind):
    engine = FakeEngine()

    await inside(engine)[0].answer(asked, call_id="x", batch="batch_1", owner="")

    assert engine.calls[0].timeout_s == pytest.approx(900, abs=5)


@pytest.mark.parametrize(
    ("fails", "expected"),
    [
        pytest.param(OverloadedError("full", retry_after_s=7), (503, True, 7.0), id="for now"),
        pytest.param(InvalidRequestError("no"), (400, False, None), id="for good"),
    ],
)
async def test_an_error_is_a_reply_that_says_whether_to_try_again(fails, expected):
    endpoint, _ = inside(FakeEngine(script=lambda _: Script(fails=fails)))

    reply = await endpoint.answer(chat_line(0, "math"), call_id="x", batch="batch_1", owner="")

    assert (reply.status_code, reply.is_retryable, reply.retry_after_s) == expected
    assert orjson.loads(reply.body)["error"]["message"]


BAD = [
    pytest.param(chat_line(0, "nobody"), UnknownModelError, "model", id="an unknown model"),
    pytest.param(chat_line(0, "math", n=0), InvalidRequestError, "n", id="a value out of range"),
    pytest.param(
        chat_line(0, "math", stream=True), UnsupportedParameterError, "stream", id="a stream"
    ),
    pytest.param(
        line("/v1/embeddings", model="math", input="a"), InvalidRequestError, "model",
        id="vectors of a model that answers with text",
    ),
    pytest.param(
        line("/v1/responses", model="math", input="a"), InvalidRequestError, "url",
        id="an endpoint that batches have not",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "kind", "param"), BAD)
async def test_what_cannot_be_answered_is_refused_before_anything_is_asked(asked, kind, param):
    engine = FakeEngine()

    with pytest.raises(kind) as caught:
        await inside(engine)[0].foresee(asked)

    assert caught.value.param == param
    assert not engine.calls


async def test_foreseeing_asks_nobody():
    engine = FakeEngine()
    endpoint, _ = inside(engine)

    calls = await endpoint.foresee(chat_line(0, "auto"))
    [vectors] = await endpoint.foresee(LINES[2].values[0])

    assert [call.expert for call in calls] == ["math"]
    assert (vectors.expert, vectors.output_tokens) == ("vectors", 0)
    assert not engine.calls


async def keyed(engine: FakeEngine, **terms):
    """The endpoint of a service that asks for keys, its keys and ring, and an owner of batches."""
    keys, programs = Keys(), programs_of(engine)
    key, _ = await keys.issue(**terms)
    ring = keys.ring()
    app = Service(engine=engine, keyring=ring).app()
    endpoint = InsideEndpoint(
        app, lambda: programs, outline=outlined, timeout_s=900.0, keyring=ring
    )
    await ring.look()
    return endpoint, (keys, ring), key.id


async def test_the_terms_of_its_owner_bind_a_line():
    engine = FakeEngine()
    endpoint, _, owner = await keyed(engine, exclude=("expert:math",), priority=2)

    calls = await endpoint.foresee(chat_line(0, "auto"), owner=owner)
    reply = await endpoint.answer(chat_line(0, "auto"), call_id="x", batch="batch_1", owner=owner)

    assert [call.expert for call in calls] == ["painter"]  # the router prefers math
    assert (reply.status_code, engine.calls[0].expert) == (200, "painter")
    assert engine.calls[0].priority == 2


@pytest.mark.parametrize(
    ("terms", "asked"),
    [
        pytest.param({"models": ("plain",)}, LINES[0].values[0], id="model"),
        pytest.param({"exclude": ("expert:math",)}, LINES[1].values[0], id="text"),
        pytest.param({"models": ("math",)}, LINES[2].values[0], id="vectors"),
    ],
)
async def test_a_line_that_its_owner_may_not_ask_fails_the_file_and_is_answered_by_nobody(
    terms, asked
):
    engine = FakeEngine()
    endpoint, _, owner = await keyed(engine, **terms)

    with pytest.raises(UnknownModelError):
        await endpoint.foresee(asked, owner=owner)
    reply = await endpoint.answer(asked, call_id="x", batch="batch_1", owner=owner)

    assert reply.status_code == 404
    assert not engine.calls


async def test_lines_of_a_key_that_has_ended_meanwhile_fail_and_are_not_tried_again():
    engine = FakeEngine()
    endpoint, (keys, ring), owner = await keyed(engine)
    before = await endpoint.answer(chat_line(0, "math"), call_id="x", batch="b", owner=owner)
    keys.clock.now_s += 1
    ended = (await keys.records.find(owner)).model_copy(
        update={"edition": 2, "revoked_s": keys.clock()}
    )
    await keys.records.put(ended)
    await ring.look()

    after = await endpoint.answer(chat_line(0, "math"), call_id="y", batch="b", owner=owner)

    assert (before.status_code, after.status_code, after.is_retryable) == (200, 401, False)
    assert orjson.loads(after.body)["error"]["code"] == "invalid_api_key"
    with pytest.raises(UnauthenticatedError):
        await endpoint.foresee(chat_line(0, "math"), owner=owner)
