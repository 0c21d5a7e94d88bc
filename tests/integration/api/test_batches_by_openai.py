"""The official client over a real socket: batches as OpenAI's are."""

from contextlib import asynccontextmanager

import openai
import orjson
import pytest
from openai import AsyncOpenAI
from openai.types import Batch

from orchestrator.batch.fake_endpoint import FakeEndpoint
from tests.batch_desk import CHAT, Desk, ids, lines
from tests.served import Service, running

pytestmark = pytest.mark.integration


@asynccontextmanager
async def client_of(desk: Desk):
    async with (
        desk,
        running(Service(batches=desk.office, storage=desk.storage)) as url,
        AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


async def created(client: AsyncOpenAI, content: bytes, **fields) -> Batch:
    file = await client.files.create(file=("in.jsonl", content), purpose="batch")
    asked = {"endpoint": CHAT, "completion_window": "24h", **fields}
    return await client.batches.create(input_file_id=file.id, **asked)


def strictly(batch: Batch) -> Batch:
    """Holds it against the client's own model: what it reads, it reads leniently."""
    return Batch.model_validate(batch.model_dump(), strict=True, extra="forbid")


async def ended(client: AsyncOpenAI, desk: Desk, batch: Batch) -> Batch:
    await desk.until(batch.id)
    return strictly(await client.batches.retrieve(batch.id))


async def lines_of(client: AsyncOpenAI, file_id: str) -> list[dict]:
    content = await client.files.content(file_id)
    return [orjson.loads(one) for one in content.content.splitlines()]


async def test_a_batch_from_its_file_to_its_answers():
    desk = Desk(endpoint=FakeEndpoint(refuses={"law": 400}))
    async with client_of(desk) as client:
        batch = strictly(await created(client, lines(6), metadata={"night": "1"}))
        assert (batch.status, batch.metadata) == ("validating", {"night": "1"})

        done = await ended(client, desk, batch)

        assert done.status == "completed"
        assert done.request_counts.model_dump() == {"total": 6, "completed": 3, "failed": 3}
        output = await lines_of(client, done.output_file_id)
        error = await lines_of(client, done.error_file_id)
        assert sorted(one["custom_id"] for one in output) == ids((0, 2, 4))
        assert sorted(one["custom_id"] for one in error) == ids((1, 3, 5))
        assert (await client.files.retrieve(done.output_file_id)).purpose == "batch_output"


async def test_a_batch_of_a_bad_file_has_its_faults():
    desk = Desk()
    async with client_of(desk) as client:
        failed = await ended(client, desk, await created(client, lines(2) + b"{\n" + lines(1)))

    assert (failed.status, failed.output_file_id) == ("failed", None)
    assert [one.line for one in failed.errors.data] == [3, 4]
    assert [one.code for one in failed.errors.data] == ["invalid_json_line", "duplicate_custom_id"]


async def test_the_client_pages_through_all_batches():
    desk = Desk()
    async with client_of(desk) as client:
        made = []
        for _ in range(5):
            desk.now_s += 1
            made.append((await created(client, lines(1))).id)

        page = await client.batches.list(limit=2)
        seen = [strictly(one).id async for one in client.batches.list(limit=2)]

    assert seen == made[::-1]
    assert (page.has_more, page.first_id, page.last_id) == (True, made[4], made[3])


async def test_the_client_cancels_once():
    desk = Desk()
    async with client_of(desk) as client:
        batch = await created(client, lines(5_000))

        cancelling = strictly(await client.batches.cancel(batch.id))
        done = await ended(client, desk, batch)

        assert (cancelling.status, done.status) == ("cancelling", "cancelled")
        with pytest.raises(openai.ConflictError, match="'cancelled'"):
            await client.batches.cancel(batch.id)


async def test_a_dry_run_ends_with_a_plan_for_its_output():
    desk = Desk()
    async with client_of(desk) as client:
        batch = await created(client, lines(4), metadata={"plan": "true"})
        done = await ended(client, desk, batch)
        told = await lines_of(client, done.output_file_id)

    assert (done.status, told[0]["type"]) == ("completed", "summary")


async def test_a_window_that_is_not_supported_is_refused():
    async with client_of(Desk()) as client:
        with pytest.raises(openai.BadRequestError, match="from '1m' to '30d'"):
            await created(client, lines(1), completion_window="1w")
