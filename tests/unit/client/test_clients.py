"""The contract of both clients: the same tests run on the blocking and the asynchronous one."""

import base64
import json
import struct
from contextlib import aclosing

import httpx
import pytest

from orchestrator.client import (
    AsyncClient,
    Client,
    UnexpectedReplyError,
    UnknownFailureError,
    UnreachableError,
    Waiting,
    WaitTimeoutError,
)
from orchestrator.errors import (
    ContextTooLongError,
    ExpertUnavailableError,
    OverloadedError,
    UnknownModelError,
)

HEADERS = {
    "x-orchestrator-request-id": "r1", "x-orchestrator-expert": "maths",
    "x-orchestrator-router": "topic@3", "x-orchestrator-fallback": "true",
    "x-orchestrator-generation": "2", "x-orchestrator-overhead-ms": "0.714",
}  # fmt: skip
ANSWER = {
    "id": "c1", "object": "chat.completion", "created": 1, "model": "auto", "a_new_key": 1,
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "4"}}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6},
}  # fmt: skip
ROUTE = {
    "id": "r1",
    "model": "auto",
    "chosen": ["maths"],
    "scores": {"maths": 0.9},
    "generation": 2,
}


class Blocking:
    """The blocking client behind the asynchronous one's surface."""

    def __init__(self, **settings):
        self._client = Client(**settings)

    async def models(self):
        return self._client.models()

    async def route(self, *args, **named):
        return self._client.route(*args, **named)

    async def feedback(self, *args, **named):
        return self._client.feedback(*args, **named)

    async def take_back(self, *args):
        self._client.take_back(*args)

    async def embed(self, *args, **named):
        return self._client.embed(*args, **named)

    async def chat(self, *args, stream=False, **named):
        answer = self._client.chat(*args, stream=stream, **named)
        return BlockingStream(answer) if stream else answer

    async def close(self):
        self._client.close()


class BlockingStream:
    def __init__(self, stream):
        self._stream = stream
        self.origin = stream.origin

    async def __aiter__(self):
        for chunk in self._stream:
            yield chunk

    async def events(self):
        for event in self._stream.events():
            yield event


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A response body in given pieces; an error among them is raised."""

    def __init__(self, *pieces):
        self._pieces = pieces
        self.is_closed = False

    def __iter__(self):
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self):
        for piece in self:
            yield piece

    def close(self):
        self.is_closed = True

    async def aclose(self):
        self.is_closed = True


@pytest.fixture(params=[Blocking, AsyncClient])
async def ask(request):
    """A client that gets what the given function answers."""
    clients = []

    def build(answer, **settings):
        client = request.param(transport=httpx.MockTransport(answer), **settings)
        clients.append(client)
        return client

    yield build
    for client in clients:
        await client.close()


def events(*texts):
    chunks = [
        {
            "id": "c1",
            "created": 1,
            "model": "auto",
            "choices": [{"index": 0, "delta": {"content": text}}],
        }
        for text in texts
    ]
    return b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks)


def streaming(*pieces, **response):
    return lambda _: httpx.Response(200, stream=Body(*pieces), **response)


def refusing(status, code, **headers):
    error = {"message": "a sentence", "type": "t", "param": "model", "code": code}
    return lambda _: httpx.Response(status, json={"error": error}, headers=headers)


async def test_a_question_is_one_user_turn_to_auto(ask):
    seen = []

    await ask(lambda request: seen.append(request) or httpx.Response(200, json=ANSWER)).chat(
        "2 + 2?", temperature=0
    )

    assert (seen[0].method, seen[0].url.path) == ("POST", "/v1/chat/completions")
    assert json.loads(seen[0].content) == {
        "model": "auto", "messages": [{"role": "user", "content": "2 + 2?"}], "stream": False,
        "temperature": 0,
    }  # fmt: skip


async def test_an_answer_has_its_text_and_where_it_comes_from(ask):
    answer = await ask(lambda _: httpx.Response(200, json=ANSWER, headers=HEADERS)).chat("2 + 2?")

    assert (answer.text, answer.usage.total_tokens) == ("4", 6)
    assert (answer.origin.expert, answer.origin.is_fallback) == ("maths", True)
    assert (answer.origin.generation, answer.origin.overhead_ms) == (2, 0.714)


async def test_a_conversation_is_sent_as_it_is(ask):
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    seen = []

    await ask(lambda request: seen.append(request) or httpx.Response(200, json=ROUTE)).route(
        turns, model="maths"
    )

    assert json.loads(seen[0].content) == {"model": "maths", "messages": turns}


async def test_a_route_says_who_would_answer(ask):
    route = await ask(lambda _: httpx.Response(200, json=ROUTE)).route("2 + 2?")

    assert (route.chosen, route.scores) == (("maths",), {"maths": 0.9})


async def test_models_are_experts_and_compositions(ask):
    data = [
        {"id": "auto", "kind": "composition"},
        {"id": "maths", "kind": "expert", "skills": ["sums"]},
    ]

    models = await ask(lambda _: httpx.Response(200, json={"data": data})).models()

    assert [(model.id, model.kind, model.skills) for model in models] == [
        ("auto", "composition", ()),
        ("maths", "expert", ("sums",)),
    ]


async def test_a_key_is_sent_as_a_bearer_token(ask):
    seen = []
    client = ask(
        lambda request: seen.append(request) or httpx.Response(200, json={"data": []}), api_key="k"
    )

    await client.models()

    assert seen[0].headers["authorization"] == "Bearer k"


@pytest.mark.parametrize("cut", [1, 7, 1000])
async def test_a_stream_is_read_however_it_is_cut(ask, cut):
    body = events("Par", "is\u2028", "é") + b"data: [DONE]\n\n"
    pieces = [body[at : at + cut] for at in range(0, len(body), cut)]

    stream = await ask(streaming(*pieces, headers=HEADERS)).chat("?", stream=True)

    assert stream.origin.expert == "maths"
    assert [chunk.text async for chunk in stream] == ["Par", "is\u2028", "é"]


WAITS = (
    b": waiting position=2 expected_s=3.1 waited_s=1.25\n\n: waiting for an upstream\n\n"
    b": waiting position=0 waited_s=4\n\n"
)


@pytest.mark.parametrize("cut", [1, 7, 1000])
async def test_a_stream_that_waits_says_where_it_stands(ask, cut):
    body = WAITS + events("Paris") + b"data: [DONE]\n\n"
    pieces = [body[at : at + cut] for at in range(0, len(body), cut)]

    stream = await ask(streaming(*pieces)).chat("?", stream=True)

    *waits, chunk = [event async for event in stream.events()]
    assert waits == [
        Waiting(position=2, expected_s=3.1, waited_s=1.25), Waiting(position=0, waited_s=4)
    ]  # fmt: skip
    assert chunk.text == "Paris"


async def test_who_reads_chunks_hears_of_no_wait(ask):
    stream = await ask(streaming(WAITS, events("Paris"), b"data: [DONE]\n\n")).chat(
        "?", stream=True
    )

    assert [chunk.text async for chunk in stream] == ["Paris"]


@pytest.mark.parametrize("said", [b"", b"1", b"soon waited_s=1"])
async def test_a_wait_that_says_nothing_is_an_unexpected_reply(ask, said):
    stream = await ask(streaming(b": waiting position=" + said + b"\n\n")).chat("?", stream=True)

    with pytest.raises(UnexpectedReplyError, match="reply not understood"):
        [event async for event in stream.events()]


async def test_a_refusal_inside_a_stream_says_when_to_try_again(ask):
    error = b'data: {"error": {"message": "late", "code": "overloaded", "retry_after_s": 6.2}}\n\n'
    stream = await ask(streaming(WAITS, error)).chat("?", stream=True)

    with pytest.raises(OverloadedError) as caught:
        [chunk async for chunk in stream]

    assert caught.value.retry_after_s == 6.2


async def test_wishes_about_the_wait_are_headers(ask):
    seen = []

    await ask(lambda request: seen.append(request) or httpx.Response(200, json=ANSWER)).chat(
        "2 + 2?", max_wait_s=2.5, priority=-3, order=17
    )

    names = ("max-wait-s", "priority", "order")
    sent = [seen[0].headers[f"x-orchestrator-{name}"] for name in names]
    assert sent == ["2.5", "-3", "17"]
    assert set(json.loads(seen[0].content)) == {"model", "messages", "stream"}


async def test_a_fresh_answer_is_asked_for_by_a_header_and_a_known_one_is_told(ask):
    seen = []

    def known(request):
        seen.append(request)
        headers = {"x-orchestrator-model": "auto", "x-orchestrator-recalled": "true"}
        return httpx.Response(200, json=ANSWER, headers=headers)

    answer = await ask(known).chat("2 + 2?", fresh=True)

    assert seen[0].headers["x-orchestrator-fresh"].lower() == "true"
    assert answer.origin.is_recalled
    assert answer.origin.expert is None


async def test_what_a_caller_allows_is_headers_of_chats_and_routes(ask):
    seen = []

    def answered(request):
        seen.append(request)
        return httpx.Response(200, json=ANSWER if "chat" in request.url.path else ROUTE)

    allowed = {
        "include": ["license:MIT", "owner:東京"], "exclude": "tag:demo",
        "max_price_usd": 0.01, "max_latency_s": 2, "max_energy_j": 50,
    }  # fmt: skip
    await ask(answered).chat("?", **allowed)
    await ask(answered).route("?", tools=[], **allowed)

    names = ("include", "exclude", "max-price-usd", "max-latency-s", "max-energy-j")
    for request in seen:
        sent = [dict(request.headers.raw)[f"x-orchestrator-{name}".encode()] for name in names]
        assert sent == ["license:MIT, owner:東京".encode(), b"tag:demo", b"0.01", b"2", b"50"]
    assert json.loads(seen[1].content)["tools"] == []


async def test_who_could_not_answer_before_is_told(ask):
    headers = {"x-orchestrator-failed": "law=engine_dead"}

    answer = await ask(lambda _: httpx.Response(200, json=ANSWER, headers=headers)).chat("?")

    assert answer.origin.failed == "law=engine_dead"


async def test_a_route_says_who_was_left_out_and_what_an_answer_would_take(ask):
    told = {"excluded": {"law": "it is down"}, "fallbacks": ["french"]}
    expected = {"price_usd": 0.5, "energy_j": None, "latency_s": 1.5}
    body = ROUTE | told | {"expected": expected}

    route = await ask(lambda _: httpx.Response(200, json=body)).route("?")

    assert (route.excluded, route.fallbacks) == ({"law": "it is down"}, ("french",))
    assert route.expected.model_dump() == expected


async def test_an_answer_that_waited_says_how_long(ask):
    waited = {
        "x-orchestrator-queue-position": "3", "x-orchestrator-expected-wait-s": "4.200",
        "x-orchestrator-waited-s": "4.031",
    }  # fmt: skip

    answer = await ask(lambda _: httpx.Response(200, json=ANSWER, headers=waited)).chat("?")

    origin = answer.origin
    assert (origin.queue_position, origin.expected_wait_s, origin.waited_s) == (3, 4.2, 4.031)


async def test_a_stream_that_ends_early_is_an_error(ask):
    stream = await ask(streaming(events("Par"))).chat("?", stream=True)

    with pytest.raises(UnexpectedReplyError, match="the answer is partial"):
        [chunk async for chunk in stream]


async def test_an_error_inside_a_stream_is_raised_as_what_it_is(ask):
    error = b'data: {"error": {"message": "all down", "code": "expert_unavailable"}}\n\n'
    stream = await ask(streaming(events("Par"), error)).chat("?", stream=True)

    with pytest.raises(ExpertUnavailableError, match="all down"):
        [chunk async for chunk in stream]


async def test_a_connection_that_breaks_inside_a_stream_is_an_error(ask):
    stream = await ask(streaming(events("Par"), httpx.ReadError("reset"))).chat("?", stream=True)

    with pytest.raises(UnreachableError, match="reset"):
        [chunk async for chunk in stream]


async def test_leaving_a_stream_early_hangs_up():
    body = Body(events("a"), events("b"))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=body))
    async with (
        AsyncClient(transport=transport) as client,
        await client.chat("?", stream=True) as stream,
        aclosing(aiter(stream)) as chunks,
    ):
        await anext(chunks)

    assert body.is_closed


def test_leaving_a_blocking_stream_early_hangs_up():
    body = Body(events("a"), events("b"))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=body))
    with Client(transport=transport) as client, client.chat("?", stream=True) as stream:
        next(iter(stream))

    assert body.is_closed


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "model_not_found", UnknownModelError),
        (400, "context_length_exceeded", ContextTooLongError),
        (503, "expert_unavailable", ExpertUnavailableError),
        (418, "of_another_time", UnknownFailureError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_the_services_errors_are_typed(ask, status, code, kind, stream):
    with pytest.raises(kind, match="a sentence") as caught:
        await ask(refusing(status, code)).chat("?", stream=stream)

    assert caught.value.param == "model"


async def test_an_error_says_when_to_try_again(ask):
    with pytest.raises(ExpertUnavailableError) as caught:
        await ask(refusing(503, "expert_unavailable", **{"retry-after": "7"})).models()

    assert (caught.value.retryable, caught.value.retry_after_s) == (True, 7)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), UnreachableError),
        (httpx.RemoteProtocolError("hung up"), UnreachableError),
        (httpx.ReadTimeout("slow"), WaitTimeoutError),
        (httpx.UnsupportedProtocol("x"), UnexpectedReplyError),
    ],
)
async def test_httpx_errors_do_not_come_through(ask, error, kind):
    def fail(_):
        raise error

    with pytest.raises(kind, match=r"http://127\.0\.0\.1:8000"):
        await ask(fail).models()


@pytest.mark.parametrize("body", ["<html>", "{}", '{"data": 3}'])
async def test_a_reply_of_something_else_is_an_error(ask, body):
    with pytest.raises(UnexpectedReplyError, match="reply not understood"):
        await ask(lambda _: httpx.Response(200, text=body)).models()


async def test_an_error_page_of_a_proxy_is_shown_in_part(ask):
    with pytest.raises(UnexpectedReplyError, match="status 502, but no error envelope: '<html>x"):
        await ask(lambda _: httpx.Response(502, text="<html>" + "x" * 9000)).models()


def vectors(*rows, **changes):
    data = [
        {"index": index, "embedding": base64.b64encode(struct.pack(f"<{len(row)}f", *row)).decode()}
        for index, row in rows
    ]
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    return {"object": "list", "model": "minilm", "data": data, "usage": usage} | changes


async def test_texts_are_sent_as_they_are_and_vectors_asked_for_in_short_form(ask):
    seen = []
    answer = vectors((0, [1.0]))

    await ask(lambda request: seen.append(request) or httpx.Response(200, json=answer)).embed(
        ["a", "b"], model="minilm", dimensions=1
    )

    assert (seen[0].method, seen[0].url.path) == ("POST", "/v1/embeddings")
    assert json.loads(seen[0].content) == {
        "model": "minilm", "input": ["a", "b"], "encoding_format": "base64", "dimensions": 1,
    }  # fmt: skip


async def test_wishes_about_the_wait_for_vectors_are_headers(ask):
    seen, answer = [], vectors((0, [1.0]))

    await ask(lambda request: seen.append(request) or httpx.Response(200, json=answer)).embed(
        "a", model="minilm", max_wait_s=2, priority=1
    )

    assert seen[0].headers["x-orchestrator-max-wait-s"] == "2"
    assert seen[0].headers["x-orchestrator-priority"] == "1"
    assert "x-orchestrator-order" not in seen[0].headers


async def test_vectors_come_in_the_order_asked_and_say_where_from(ask):
    answer = vectors((1, [0.25, -2.0]), (0, [1.0, 0.5]))

    found = await ask(lambda _: httpx.Response(200, json=answer, headers=HEADERS)).embed(
        ["a", "b"], model="minilm"
    )

    assert found.vectors == ((1.0, 0.5), (0.25, -2.0))
    assert (found.usage.total_tokens, found.origin.expert) == (3, "maths")


@pytest.mark.parametrize("embedding", ["AAA", "AAAA", "not base64!", None, ["a"]], ids=str)
async def test_what_is_no_vector_is_an_unexpected_reply(ask, embedding):
    answer = vectors() | {"data": [{"index": 0, "embedding": embedding}]}

    with pytest.raises(UnexpectedReplyError):
        await ask(lambda _: httpx.Response(200, json=answer)).embed("a", model="minilm")


async def test_a_refusal_of_vectors_is_the_service_s_own_error(ask):
    with pytest.raises(ContextTooLongError, match="a sentence"):
        await ask(refusing(400, "context_length_exceeded")).embed("a", model="minilm")


async def test_an_answer_is_judged_and_the_judgement_taken_back(ask):
    seen = []

    def answer(request):
        seen.append((request.method, request.url.path, request.content))
        kept = {"id": "fb-1", "request_id": "r1", "expert": "maths", "score": 1.0}
        return httpx.Response(200, json=kept if request.method == "POST" else {"id": "fb-1"})

    client = ask(answer)
    kept = await client.feedback("r1", score=1.0, expert="maths")
    await client.take_back(kept.id)

    assert [(method, path) for method, path, _ in seen] == [
        ("POST", "/v1/feedback"),
        ("DELETE", "/v1/feedback/fb-1"),
    ]
    assert json.loads(seen[0][2]) == {"request_id": "r1", "score": 1.0, "expert": "maths"}
