"""Batches that do not come to the end of their lines."""

import asyncio

import pytest

from orchestrator.batch.asked import Page
from orchestrator.batch.batch import Batch
from orchestrator.batch.fake_endpoint import FakeEndpoint
from orchestrator.batch.settings import BatchSettings
from orchestrator.errors import ConflictError
from tests.batch_desk import Desk, ids, ids_of, lines
from tests.polling import until


async def test_a_cancelled_batch_keeps_what_is_finished_and_tells_the_rest():
    gate = asyncio.Event()
    async with Desk(endpoint=FakeEndpoint()) as desk:
        slow = FakeEndpoint(gate=gate)
        desk.executor.endpoint_of = lambda line: slow if line.number > 4 else desk.endpoint
        batch = await desk.create(lines(10))
        await desk.until(batch.id, "in_progress")
        await desk.until_done(batch.id, 4)

        cancelling = await desk.office.cancel(batch.id, owner="")
        ended = await desk.until(batch.id)

        assert (cancelling.status, ended.status) == ("cancelling", "cancelled")
        output, error = await ids_of(desk, ended)
        assert (sorted(output), sorted(error)) == (ids(range(4)), ids(range(4, 10)))
        rest = await desk.content(ended.error_file_id)
        assert {one["error"]["code"] for one in rest} == {"batch_cancelled"}
        assert ended.request_counts.model_dump() == {"total": 10, "completed": 4, "failed": 0}


async def test_what_was_answered_when_a_batch_is_cancelled_is_in_its_output():
    settings = BatchSettings(commit_s=30)
    async with Desk(settings=settings) as desk:
        slow = FakeEndpoint(gate=asyncio.Event())
        desk.executor.endpoint_of = lambda line: slow if line.number > 4 else desk.endpoint
        batch = await desk.create(lines(6))
        await until(lambda: len(desk.endpoint.answered) == 4)

        await desk.office.cancel(batch.id, owner="")
        ended = await desk.until(batch.id)

        output, error = await ids_of(desk, ended)
        assert (sorted(output), sorted(error)) == (ids(range(4)), ids((4, 5)))


async def test_a_batch_that_is_cancelled_while_it_is_validated_has_no_files():
    async with Desk() as desk:
        batch = await desk.create(lines(5_000))

        await desk.office.cancel(batch.id, owner="")
        ended = await desk.until(batch.id)

    assert (ended.status, ended.output_file_id, ended.error_file_id) == ("cancelled", None, None)


async def test_a_batch_that_has_ended_cannot_be_cancelled():
    async with Desk() as desk:
        ended = await desk.until((await desk.create()).id)

        with pytest.raises(ConflictError, match="is 'completed'"):
            await desk.office.cancel(ended.id, owner="")


async def test_a_batch_that_is_cancelled_by_many_at_once_is_cancelled_once():
    async with Desk(endpoint=FakeEndpoint(gate=asyncio.Event())) as desk:
        batch = await desk.create(lines(5))
        await desk.until(batch.id, "in_progress")
        cancel = [desk.office.cancel(batch.id, owner="") for _ in range(8)]

        told = await asyncio.gather(*cancel, return_exceptions=True)
        ended = await desk.until(batch.id)

        assert isinstance(told[0], Batch)
        # Those that came when it had ended already.
        assert all(isinstance(one, Batch | ConflictError) for one in told)
        assert ended.status == "cancelled"
        files, _ = await desk.office.files(Page(), owner="", purpose="batch_output")
        assert [one.id for one in files] == [ended.error_file_id]


async def test_whoever_hangs_up_while_cancelling_does_not_stop_the_batch_halfway():
    async with Desk(endpoint=FakeEndpoint(gate=asyncio.Event())) as desk:
        batch = await desk.create(lines(5))
        await desk.until(batch.id, "in_progress")
        caller = asyncio.create_task(desk.office.cancel(batch.id, owner=""))
        await asyncio.wait([caller], timeout=0)
        caller.cancel()

        assert (await desk.until(batch.id)).status == "cancelled"


async def test_a_batch_whose_window_passes_keeps_what_is_finished():
    gate = asyncio.Event()
    async with Desk(endpoint=FakeEndpoint(gate=gate)) as desk:
        batch = await desk.create(lines(4), completion_window="1m")
        await desk.until(batch.id, "in_progress")
    async with Desk(desk.storage, now_s=2_000.0) as later:
        ended = await later.until(batch.id)

        assert (ended.status, ended.expired_at) == ("expired", 2_000)
        rest = await later.content(ended.error_file_id)
        assert [one["custom_id"] for one in rest] == ids(range(4))
        assert {one["error"]["code"] for one in rest} == {"batch_expired"}
        assert not later.endpoint.answered


async def test_a_window_that_passes_meanwhile_ends_the_batch_with_what_is_finished():
    async with Desk() as desk:
        slow = FakeEndpoint(gate=asyncio.Event())
        desk.executor.endpoint_of = lambda line: slow if line.number > 3 else desk.endpoint
        desk.now_s = 1_000.9
        batch = await desk.create(lines(5), completion_window="1m")
        desk.now_s = batch.expires_at - 0.2

        ended = await desk.until(batch.id)

        output, error = await ids_of(desk, ended)
        assert ended.status == "expired"
        assert (sorted(output), sorted(error)) == (ids(range(3)), ids((3, 4)))
