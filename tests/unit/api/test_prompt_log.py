"""Words of requests are logged where the operator asked for it, and the caller did not object."""

import json
import logging

import pytest

from orchestrator.api.settings import ApiSettings
from tests.served import Service
from tests.traces import Recorder

CHAT = "/v1/chat/completions"
SECRET = "mail ada@example.com of Bletchley"
BODY = {"model": "math", "messages": [{"role": "user", "content": SECRET}]}


@pytest.fixture
def posted(caplog):
    """Posts to a service of these settings; what was logged of words, and the answer."""

    async def post(path=CHAT, body=BODY, *, headers=None, **settings):
        recorder = Recorder()
        service = Service(settings=ApiSettings(**settings), tracing=recorder.tracing())
        with caplog.at_level(logging.DEBUG):
            async with service.client() as client:
                reply = await client.post(path, json=body, headers=headers or {})
        lines = [one.getMessage() for one in caplog.records]
        told = [json.loads(line) for line in lines if line.startswith('{"action"')]
        return reply, [one for one in told if one["action"] == "prompt"], lines, recorder.spans

    return post


async def test_by_default_no_line_and_no_span_has_a_word(posted):
    reply, told, lines, spans = await posted()

    assert reply.status_code == 200
    assert told == []
    assert "Bletchley" not in "".join(lines) + "".join(str(dict(one.attributes)) for one in spans)


async def test_redacted_words_are_logged_under_the_id_of_their_request(posted):
    reply, [told], _, spans = await posted(log_prompts="redacted")

    assert "mail [email] of Bletchley" in told["text"]
    assert told["request_id"] == reply.headers["x-orchestrator-request-id"]
    assert (told["num_chars"], told["is_cut"]) == (len(reply.request.content), False)
    assert "Bletchley" not in "".join(str(dict(one.attributes)) for one in spans)


async def test_full_words_are_logged_as_they_are(posted):
    _, [told], _, _ = await posted(log_prompts="full")

    assert SECRET in told["text"]


@pytest.mark.parametrize("how", ["redacted", "full"])
async def test_a_caller_who_objects_is_not_logged(posted, how):
    _, told, lines, _ = await posted(log_prompts=how, headers={"x-orchestrator-log": "Off"})

    assert told == []
    assert "Bletchley" not in "".join(lines)


async def test_what_is_logged_is_bounded_and_nothing_is_redacted_by_half(posted):
    body = {**BODY, "messages": [{"role": "user", "content": "x" * 60 + " ada@example.com" * 999}]}

    _, [told], _, _ = await posted(body=body, log_prompts="redacted", log_prompts_max_chars=130)

    assert (len(told["text"]), told["is_cut"]) == (130, True)
    assert "ada" not in told["text"]


async def test_texts_for_vectors_are_words_too(posted):
    body = {"model": "vectors", "input": SECRET}

    _, [told], _, _ = await posted("/v1/embeddings", body, log_prompts="redacted")

    assert "mail [email] of Bletchley" in told["text"]


async def test_a_wish_that_is_neither_on_nor_off_is_refused(posted):
    reply, told, _, _ = await posted(headers={"x-orchestrator-log": "maybe"}, log_prompts="full")

    assert reply.status_code == 400
    assert "it must be on or off" in reply.json()["error"]["message"]
    assert told == []
