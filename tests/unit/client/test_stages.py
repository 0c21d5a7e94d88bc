"""What both clients tell of compositions of several calls."""

import json
from contextlib import asynccontextmanager

import httpx
import pytest

from orchestrator.client import AsyncClient, Client, Stage, UnexpectedReplyError
from orchestrator.client.replies import EventReader
from tests.composed import composed
from tests.merging import merging


@asynccontextmanager
async def client():
    """The asynchronous client of an endpoint in this process."""
    transport = httpx.ASGITransport(composed(merging()).app())
    async with AsyncClient(transport=transport) as found:
        yield found


def test_a_stage_that_says_nothing_is_an_unexpected_reply():
    event = b'event: orchestrator.stage\ndata: {"id": "c1", "choices": []}\n\n'

    with pytest.raises(UnexpectedReplyError, match="reply not understood"):
        list(EventReader().feed(event))


async def test_a_stream_yields_its_stages_before_its_chunks():
    async with client() as asked:
        stream = await asked.chat("1+1?", model="refined", stream=True)
        events = [event async for event in stream.events()]

    stages = [event for event in events if isinstance(event, Stage)]
    assert stages[0] == Stage(
        stage="samples", path=("samples",), state="started", num_done=0, num_calls=1,
        models=("math",), took_s=stages[0].took_s,
    )  # fmt: skip
    assert [(one.stage, one.state) for one in stages[1:]] == [
        ("samples", "running"), ("samples", "done"), ("synthesis", "started"),
    ]  # fmt: skip
    assert "".join(event.text for event in events[len(stages) :]) == "it is two"


async def test_who_reads_chunks_hears_of_no_stage_nor_who_wants_none():
    async with client() as asked:
        stream = await asked.chat("1+1?", model="refined", stream=True)
        chunks = [chunk.text async for chunk in stream]
        quiet = await asked.chat("1+1?", model="refined", stream=True, stages=False)
        events = [event async for event in quiet.events()]

    assert "".join(chunks) == "it is two"
    assert not any(isinstance(event, Stage) for event in events)


async def test_details_come_with_the_answer_where_they_are_asked_for():
    async with client() as asked:
        plain = await asked.chat("1+1?", model="refined")
        whole = await asked.chat("1+1?", model="refined", details=True)
        stream = await asked.chat("1+1?", model="refined", details=True, stream=True)
        *chunks, last = [chunk async for chunk in stream]

    assert plain.details is None
    assert [stage.name for stage in whole.details.stages] == ["samples", "synthesis"]
    assert whole.details.stages[0].calls[0].num_answers == 2
    assert whole.details.by_expert["writer"].completion_tokens == 3
    assert (last.details.by_expert, last.choices) == (whole.details.by_expert, ())
    assert all(chunk.details is None for chunk in chunks)


def test_the_blocking_client_asks_by_the_same_headers():
    seen = []

    def answered(request):
        seen.append(request)
        told = {"details": request.headers.get("x-orchestrator-details", "").lower()}
        answer = {"id": "c1", "created": 1, "model": "auto", "choices": []}
        headers = {"x-orchestrator-reached": "max_calls"}
        return httpx.Response(200, json=answer | {"orchestrator": told}, headers=headers)

    with Client(transport=httpx.MockTransport(answered)) as asked:
        answer = asked.chat("?", details=True, stages=False)

    assert seen[0].headers["x-orchestrator-details"].lower() == "true"
    assert seen[0].headers["x-orchestrator-stages"].lower() == "false"
    assert set(json.loads(seen[0].content)) == {"model", "messages", "stream"}
    assert answer.origin.reached == "max_calls"
