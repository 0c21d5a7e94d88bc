"""A request with an idempotency key is sent again while it fails; one without is not."""

from io import BytesIO

import httpx
import pytest

from orchestrator.client import AsyncClient, Client
from orchestrator.client.failures import UnreachableError
from orchestrator.errors import KeyReusedError, OverloadedError
from tests.unit.client.scripted import BATCH, FILE, Scripted, refused

CHAT = "POST /v1/chat/completions"
ANSWER = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "math",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "2"}, "finish_reason": "stop"},
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}  # fmt: skip
BOTH = pytest.mark.parametrize("kind", [Client, AsyncClient])


@BOTH
async def test_with_a_key_what_failed_for_a_while_is_sent_again_under_it(kind):
    failures = [
        httpx.ConnectError("no"), refused(503, "overloaded"), refused(409, "idempotency_key_in_use")
    ]  # fmt: skip
    asked = Scripted(kind, {CHAT: [*failures, ANSWER]})

    found = await asked.ask("chat", "1+1?", idempotency_key="k1")

    assert found.choices[0].message.content == "2"
    assert [one.headers["idempotency-key"] for one in asked.seen] == ["k1"] * 4
    assert len(asked.pauses) == 3


@BOTH
async def test_without_a_key_nothing_is_generated_twice(kind):
    asked = Scripted(kind, {CHAT: [refused(503, "overloaded")]})

    with pytest.raises(OverloadedError):
        await asked.ask("chat", "1+1?")

    assert (len(asked.seen), asked.pauses) == (1, [])


@BOTH
async def test_a_key_that_stands_for_another_request_is_not_tried_again(kind):
    asked = Scripted(kind, {CHAT: [refused(422, "idempotency_key_reused")]})

    with pytest.raises(KeyReusedError):
        await asked.ask("chat", "1+1?", idempotency_key="k1")

    assert asked.pauses == []


@BOTH
async def test_a_batch_is_begun_once_though_its_answer_was_lost(kind):
    asked = Scripted(kind, {"POST /v1/batches": [httpx.ReadError("lost"), BATCH]})

    begun = await asked.ask("batches.create", "file-in", idempotency_key="k1")

    assert (begun.id, len(asked.seen)) == ("batch_1", 2)
    assert {one.headers["idempotency-key"] for one in asked.seen} == {"k1"}


@BOTH
async def test_a_batch_without_a_key_is_not_begun_again(kind):
    asked = Scripted(kind, {"POST /v1/batches": [httpx.ReadError("lost"), BATCH]})

    with pytest.raises(UnreachableError):
        await asked.ask("batches.create", "file-in")

    assert len(asked.seen) == 1


@BOTH
async def test_a_file_is_sent_again_from_its_beginning_though_its_answer_was_lost(kind):
    asked = Scripted(kind, {"POST /v1/files": [httpx.ReadError("lost"), FILE]})

    kept = await asked.ask("files.upload", BytesIO(b"a line"), idempotency_key="k1")

    assert (kept.id, len(asked.seen)) == ("file-in", 2)
    assert [one.headers["idempotency-key"] for one in asked.seen] == ["k1"] * 2
    assert all(b"a line" in one.content for one in asked.seen)
