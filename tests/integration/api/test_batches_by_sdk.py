"""The SDK over a real socket and a real office: many requests as one batch."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from orchestrator.batch.fake_endpoint import FakeEndpoint
from orchestrator.client import AsyncClient, BatchFailedError, Client
from orchestrator.errors import ConflictError, NotFoundError
from tests.batch_desk import Desk, lines
from tests.served import Service, running

pytestmark = pytest.mark.integration


@asynccontextmanager
async def client_of(desk: Desk):
    async with (
        desk,
        running(Service(batches=desk.office, storage=desk.storage)) as url,
        AsyncClient(url) as client,
    ):
        yield client


async def test_a_request_that_is_not_valid_fails_the_whole_batch():
    desk = Desk(endpoint=FakeEndpoint(models=frozenset({"math"})))
    async with client_of(desk) as client:
        with pytest.raises(BatchFailedError, match="line 2: model 'law' is not known") as caught:
            await client.batch(["1+1?", {"model": "law", "messages": []}], model="math")

    assert [one.line for one in caught.value.faults] == [2]


async def test_many_requests_are_answered_as_one_batch():
    desk = Desk(endpoint=FakeEndpoint(refuses={"law": 400}))
    heard = []
    async with client_of(desk) as client:
        results = await client.batch(
            ({"model": "law" if n % 3 else "math", "messages": []} for n in range(30)),
            heard=heard.append,
        )
        found = [one async for one in results]

    assert sorted(one.custom_id for one in found) == sorted(f"request-{n + 1}" for n in range(30))
    assert sum(one.is_ok for one in found) == 10
    assert results.batch.request_counts.failed == 20
    assert heard[-1].status == "completed"


async def test_the_blocking_client_reads_a_file_of_lines(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes(lines(5))

    def ask(url: str) -> list[str]:
        with Client(url) as client:
            return sorted(one.custom_id for one in client.batch(path))

    desk = Desk()
    async with desk, running(Service(batches=desk.office, storage=desk.storage)) as url:
        assert await asyncio.to_thread(ask, url) == [f"q{n}" for n in range(5)]


async def test_files_are_kept_listed_read_and_deleted(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes(lines(3))
    async with client_of(Desk()) as client:
        kept = await client.files.upload(path)

        assert [one.id for one in (await client.files.list()).data] == [kept.id]
        assert await client.files.content(kept.id) == lines(3)
        assert [one async for one in client.files.lines(kept.id)] == lines(3).splitlines()
        await client.files.delete(kept.id)
        with pytest.raises(NotFoundError):
            await client.files.get(kept.id)


async def test_a_batch_that_has_ended_cannot_be_cancelled(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes(lines(3))
    async with client_of(Desk()) as client:
        batch = (await client.batch(path)).batch

        with pytest.raises(ConflictError, match="completed"):
            await client.batches.cancel(batch.id)
        assert (await client.batches.timeline(batch.id)).id == batch.id
        assert [one.id for one in (await client.batches.list()).data] == [batch.id]


async def test_a_dry_run_answers_nothing_and_is_a_plan(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes(lines(6))
    desk = Desk()
    async with client_of(desk) as client:
        kept = await client.files.upload(path)
        begun = await client.batches.create(kept.id, metadata={"plan": "true"})
        await client.batches.wait(begun.id)

        plan = await client.batches.plan(begun.id)

    assert plan.summary.num_requests == 6
    assert sum(run.num_calls for run in plan.runs) == 6
    assert desk.endpoint.answered == {}
