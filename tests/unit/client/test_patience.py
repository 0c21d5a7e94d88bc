"""A client that was given `retries` asks again whatever may be asked again, and nothing else."""

import httpx
import pytest

from orchestrator.client import AsyncClient, Client, Retries
from orchestrator.errors import NotHostedError, OverloadedError
from tests.unit.client.scripted import BATCH, FILE, Scripted, refused
from tests.unit.client.test_clients import ANSWER, ROUTE
from tests.unit.client.test_residency import STEERED

BOTH = pytest.mark.parametrize("kind", [Client, AsyncClient])
VECTORS = {"model": "e", "data": [], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
FEEDBACK = {"id": "f1", "request_id": "r1", "expert": "maths", "score": 1.0}
MAKING = [
    pytest.param("POST /v1/chat/completions", ANSWER, ["chat", "2 + 2?"], id="chat"),
    pytest.param("POST /v1/embeddings", VECTORS, ["embed", "a text"], id="embed"),
    pytest.param("POST /v1/files", FILE, ["files.upload", __file__], id="upload"),
    pytest.param("POST /v1/batches", BATCH, ["batches.create", "file-in"], id="batch"),
]
READING = [
    pytest.param("GET /v1/models", {"data": []}, ["models"], id="models"),
    pytest.param("POST /v1/route", ROUTE, ["route", "2 + 2?"], id="route"),
    pytest.param("POST /v1/feedback", FEEDBACK, ["feedback", "r1"], id="feedback"),
    pytest.param("GET /admin/decisions", {"data": []}, ["decisions"], id="decisions"),
]
MORE = {"embed": {"model": "e"}, "feedback": {"score": 1}}


def away():
    return [httpx.ConnectError("no"), refused(503, "overloaded")]


def patient(kind, answers, retries=None):
    return Scripted(kind, answers, settings={"retries": retries or Retries(max_attempts=3)})


@BOTH
@pytest.mark.parametrize(("place", "answer", "asking"), MAKING)
async def test_what_makes_something_is_named_and_sent_again_under_its_name(
    kind, place, answer, asking
):
    asked = patient(kind, {place: [*away(), answer]})

    await asked.ask(*asking, **MORE.get(asking[0], {}))

    names = [one.headers["idempotency-key"] for one in asked.seen]
    assert len(names) == 3
    assert len(set(names)) == 1


@BOTH
@pytest.mark.parametrize(("place", "answer", "asking"), READING)
async def test_what_changes_nothing_is_asked_again_without_a_name(kind, place, answer, asking):
    asked = patient(kind, {place: [*away(), answer]})

    await asked.ask(*asking, **MORE.get(asking[0], {}))

    assert len(asked.seen) == 3
    assert all("idempotency-key" not in one.headers for one in asked.seen)


@BOTH
async def test_every_request_has_a_name_of_its_own(kind):
    asked = patient(kind, {"POST /v1/batches": [BATCH]})

    await asked.ask("batches.create", "file-in")
    await asked.ask("batches.create", "file-in")

    assert len({one.headers["idempotency-key"] for one in asked.seen}) == 2


@BOTH
async def test_a_name_that_the_caller_gave_stays(kind):
    asked = patient(kind, {"POST /v1/batches": [BATCH]})

    await asked.ask("batches.create", "file-in", idempotency_key="k1")

    assert asked.seen[0].headers["idempotency-key"] == "k1"


@BOTH
async def test_a_wish_for_an_expert_is_not_sent_again(kind):
    asked = patient(kind, {"POST /admin/experts/code/load": [refused(503, "not_hosted"), STEERED]})

    with pytest.raises(NotHostedError):
        await asked.ask("load", "code")

    assert len(asked.seen) == 1


@BOTH
async def test_it_is_asked_as_often_as_the_client_was_told(kind):
    asked = patient(kind, {"GET /v1/models": away()}, Retries(max_attempts=2))

    with pytest.raises(OverloadedError):
        await asked.ask("models")

    assert (len(asked.seen), len(asked.pauses)) == (2, 1)


@BOTH
async def test_a_batch_of_texts_is_begun_once_though_answers_were_lost(kind):
    lost = httpx.ReadError("lost")
    asked = Scripted(kind, {
        "POST /v1/files": [lost, FILE], "POST /v1/batches": [lost, BATCH],
        "GET /v1/batches/batch_1/progress": [refused(404, "not_found")],
    })  # fmt: skip

    with pytest.raises(Exception, match="a sentence"):
        await asked.ask("batch", ["one"])

    sent = [one.headers["idempotency-key"] for one in asked.seen if one.method == "POST"]
    assert len(sent) == 4
    assert (sent[0], sent[2]) == (sent[1], sent[3])


@BOTH
async def test_a_request_may_listen_for_longer_than_its_client(kind):
    asked = Scripted(kind, {"POST /v1/chat/completions": [ANSWER]}, settings={"timeout_s": 5})

    await asked.ask("chat", "2 + 2?")
    await asked.ask("chat", "2 + 2?", timeout_s=600)

    assert [one.extensions["timeout"]["read"] for one in asked.seen] == [5, 600]
    assert b"timeout" not in asked.seen[1].content
