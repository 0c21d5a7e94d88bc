"""Idempotency keys: sent again, a request is answered once."""

import asyncio

import httpx
import pytest

from orchestrator.api.exchange import KEY, Exchange
from orchestrator.api.once import Once
from orchestrator.api.replies import JsonReply
from orchestrator.api.settings import ApiSettings
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError, StoreError
from orchestrator.store.memory_repeats import MemoryRepeats
from orchestrator.store.repeats import Claim
from tests.served import Service, fault

CHAT = "/v1/chat/completions"
BODY = {"model": "math", "messages": [{"role": "user", "content": "1+1?"}]}


def keyed(key: str = "k1", **more: str) -> dict[str, str]:
    return {"idempotency-key": key, **more}


def service(**more) -> Service:
    return Service(repeats=MemoryRepeats(), **more)


async def ask(client: httpx.AsyncClient, *, key: str = "k1", **body) -> httpx.Response:
    return await client.post(CHAT, json=BODY | body, headers=keyed(key))


async def test_sent_again_the_first_answer_is_told_and_nobody_is_asked():
    asked = service()
    async with asked.client() as client:
        first, again = await ask(client), await ask(client)

    assert again.content == first.content
    assert (first.headers.get("x-orchestrator-replayed"), len(asked.engine.calls)) == (None, 1)
    assert again.headers["x-orchestrator-replayed"] == "true"
    assert again.headers["x-orchestrator-request-id"] != first.headers["x-orchestrator-request-id"]


async def test_a_stream_is_told_again_as_the_stream_it_was():
    asked = service(engine=FakeEngine("one two three"))
    async with asked.client() as client:
        first, again = await ask(client, stream=True), await ask(client, stream=True)

    assert again.content == first.content
    assert again.content.endswith(b"data: [DONE]\n\n")
    assert again.headers["content-type"] == first.headers["content-type"]
    assert len(asked.engine.calls) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/completions", {"model": "math", "prompt": "1+1="}),
        ("/v1/responses", {"model": "math", "input": "1+1?"}),
        ("/v1/embeddings", {"model": "vectors", "input": "one"}),
    ],
)
async def test_every_kind_of_answer_is_told_again(path, body):
    asked = service()
    async with asked.client() as client:
        first, again = [await client.post(path, json=body, headers=keyed()) for _ in range(2)]

    assert (first.status_code, again.content) == (200, first.content)
    assert len(asked.engine.calls) == 1


@pytest.mark.parametrize("change", [{"model": "painter"}, {"stream": True}, {"seed": 1}])
async def test_another_body_under_the_key_is_refused(change):
    async with service().client() as client:
        await ask(client)
        other = await ask(client, **change)

    assert (other.status_code, fault(other)["code"]) == (422, "idempotency_key_reused")
    assert fault(other)["param"] == "idempotency-key"


async def test_the_same_body_for_another_route_is_refused():
    async with service().client() as client:
        await client.post("/v1/completions", json={"model": "math", "prompt": "a"}, headers=keyed())
        other = await client.post(CHAT, json={"model": "math", "prompt": "a"}, headers=keyed())

    assert other.status_code == 422


async def test_keys_of_two_callers_are_not_the_same_key():
    asked = service()
    async with asked.client() as client:
        for who in ("Bearer ann", "Bearer bob"):
            await client.post(CHAT, json=BODY, headers=keyed(authorization=who))

    assert len(asked.engine.calls) == 2


async def test_a_second_one_meanwhile_is_told_to_come_back():
    gate = asyncio.Event()
    asked = service(engine=FakeEngine(gate=gate))
    async with asked.client() as client:
        first = asyncio.create_task(ask(client))
        await asked.engine.arrived.wait()
        meanwhile = await ask(client)
        gate.set()
        answered = await first
        after = await ask(client)

    assert (meanwhile.status_code, fault(meanwhile)["code"]) == (409, "idempotency_key_in_use")
    assert meanwhile.headers["retry-after"] == "1"
    assert after.content == answered.content


@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "stream"])
async def test_what_ended_badly_is_answered_anew(is_streamed):
    breaks_off = Script(fails=EngineDeadError("died"), fails_at=1, says="a b c")
    # A stream that broke off is gone on with once.
    scripts = iter([*[breaks_off] * (1 + is_streamed), Script()])
    asked = service(engine=FakeEngine(script=lambda _: next(scripts)))
    async with asked.client() as client:
        first = await ask(client, stream=is_streamed)
        again = await ask(client, stream=is_streamed)

    assert b"engine_dead" in first.content
    assert (again.status_code, b"engine_dead" in again.content) == (200, False)
    assert len(asked.engine.calls) == 2 + is_streamed


async def test_a_refused_request_leaves_its_key_free():
    async with service().client() as client:
        refused = await ask(client, temperature=9)
        sound = await ask(client, temperature=1)

    assert (refused.status_code, sound.status_code) == (400, 200)


async def test_who_hangs_up_leaves_the_key_free():
    gate = asyncio.Event()
    asked = service(engine=FakeEngine(gate=gate))
    async with asked.client() as client:
        first = asyncio.create_task(ask(client))
        await asked.engine.arrived.wait()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        gate.set()
        again = await ask(client)

    assert again.status_code == 200
    assert len(asked.engine.calls) == 2


async def test_an_answer_too_long_to_keep_is_told_once():
    asked = service(engine=FakeEngine("word " * 1000), settings=ApiSettings(max_replay_bytes=1024))
    async with asked.client() as client:
        first, again = await ask(client), await ask(client)

    assert (first.status_code, again.status_code) == (200, 409)
    assert "too long to be kept" in fault(again)["message"]
    assert len(asked.engine.calls) == 1


@pytest.mark.parametrize("key", ["", " ", "é", "k" * 256, " k", "a\tb"])
async def test_a_key_that_is_none_is_refused(key):
    headers = [(b"idempotency-key", key.encode()), (b"content-type", b"application/json")]
    async with service().client() as client:
        refused = await client.post(CHAT, json=BODY, headers=headers)

    assert (refused.status_code, fault(refused)["param"]) == (400, "idempotency-key")


async def test_where_a_key_means_nothing_it_is_left_aside_and_said():
    body = {"model": "math", "messages": BODY["messages"]}
    async with service().client() as client:
        routed = await client.post("/v1/route", json=body, headers=keyed())
    unkept = await Service().post(CHAT, headers=keyed(), **BODY)

    assert routed.headers["x-orchestrator-ignored"] == "idempotency-key"
    assert (unkept.status_code, unkept.headers["x-orchestrator-ignored"]) == (
        200,
        "idempotency-key",
    )


class Renewed(MemoryRepeats):
    """Says when a lease was renewed."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()

    async def renew(self, key: str, **given) -> bool:
        is_own = await super().renew(key, **given)
        self.heard.set()
        return is_own


async def test_a_key_is_held_for_as_long_as_its_request_takes():
    repeats = Renewed()
    scope = {
        "type": "http", "method": "POST", "path": CHAT, "query_string": b"",
        "headers": [(b"idempotency-key", b"k1")],
        KEY: Exchange(request_id="r1", created_s=0.0, started_s=0.0),
    }  # fmt: skip
    sent = []

    async def app(scope, receive, send):
        await repeats.heard.wait()
        await JsonReply(b"{}")(scope, receive, send)

    async def receive():
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message):
        sent.append(message)

    once = Once(app, repeats=repeats, settings=ApiSettings(), lease_s=0.03)
    async with asyncio.timeout(10):
        await once(scope, receive, send)

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


class Away(MemoryRepeats):
    """A store that goes away: before a claim, or after it."""

    def __init__(self, *, after: int) -> None:
        super().__init__()
        self._left = after

    def _lose(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise StoreError("the store is away")

    async def claim(self, key: str, **given) -> Claim:
        self._lose()
        return await super().claim(key, **given)

    async def keep(self, key: str, **given) -> bool:
        self._lose()
        return await super().keep(key, **given)

    async def release(self, key: str, **given) -> None:
        self._lose()
        await super().release(key, **given)


async def test_without_the_store_a_request_with_a_key_is_not_begun():
    asked = Service(repeats=Away(after=0))

    refused = await asked.post(CHAT, headers=keyed(), **BODY)
    unkeyed = await asked.post(CHAT, **BODY)

    assert (refused.status_code, fault(refused)["code"]) == (503, "store_unavailable")
    assert (unkeyed.status_code, len(asked.engine.calls)) == (200, 1)


async def test_an_answer_is_told_though_it_could_not_be_kept():
    asked = Service(repeats=Away(after=1))

    answer = await asked.post(CHAT, headers=keyed(), **BODY)

    assert answer.status_code == 200
