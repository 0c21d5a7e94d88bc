"""Wherever an office is killed, the next one ends the batch with every line once."""

import asyncio
from contextlib import suppress

import pytest

from orchestrator.batch.asked import Page
from orchestrator.batch.batch import Batch
from orchestrator.batch.fake_endpoint import FakeEndpoint
from orchestrator.batch.in_order import InOrderExecutor
from orchestrator.batch.journal import Journal
from orchestrator.batch.life import Life
from orchestrator.batch.settings import BatchSettings
from orchestrator.batch.storage_memory import MemoryStorage
from orchestrator.errors import StorageError
from tests.batch_desk import QUICK, Desk, ids, ids_of, lines
from tests.dying_storage import DyingStorage
from tests.polling import until

#: Every result is a segment of its own, and segments are merged on the way.
SMALL = BatchSettings(
    commit_s=0, commit_lines=1, merge_segments=3, retry_s=0.001, max_retry_s=0.002, history_s=60
)
#: Nothing changes the storage so often in the life of these batches.
MAX_CHANGES = 80


def endpoint(gate: asyncio.Event | None = None) -> FakeEndpoint:
    return FakeEndpoint(refuses={"law": 400}, gate=gate)


async def exactly_once(desk: Desk, batch_id: str, *, num_lines: int) -> None:
    """Asserts that each line is in one of the batch's files, and that it has no others."""
    ended = await desk.until(batch_id)
    output, error = await ids_of(desk, ended)
    assert sorted(output + error) == ids(range(num_lines))
    files, _ = await desk.office.files(Page(limit=100), owner="", purpose="batch_output")
    told = {ended.output_file_id, ended.error_file_id} - {None}
    assert {file.id for file in files} == told


async def gated(desk: Desk, *, num_open: int) -> str:
    """A batch of six lines of which so many have their result, and the others wait."""
    slow = endpoint(gate=asyncio.Event())
    desk.executor.endpoint_of = lambda line: slow if line.number > num_open else desk.endpoint
    batch = await desk.create(lines(6))
    await desk.until_done(batch.id, num_open)
    return batch.id


async def dead_or_done(storage: DyingStorage, life: Life) -> None:
    await until(lambda: storage.has_died or life.batch.has_ended)


async def not_ahead_of_the_storage(storage: DyingStorage, told: Batch) -> None:
    """Asserts that what was counted is stored, as long as results are what counts."""
    storage.revive()
    if not told.has_ended:
        journal = Journal(storage, told.id, writer="w", num_lines=6, settings=SMALL)
        await journal.load()
        await journal.close()
        assert journal.counts.completed >= told.request_counts.completed
        assert journal.counts.failed >= told.request_counts.failed


async def ended_by_the_next(storage: DyingStorage, batch_id: str) -> str:
    """How the batch ends under an office that comes after."""
    storage.revive()
    async with Desk(storage, endpoint=endpoint(), settings=SMALL) as after:
        await exactly_once(after, batch_id, num_lines=6)
        return after.office.lives[batch_id].batch.status


@pytest.mark.parametrize("takes_effect", [False, True], ids=["before", "after"])
async def test_an_office_killed_at_any_change_loses_no_line_and_doubles_none(takes_effect):
    for num_changes in range(MAX_CHANGES):
        storage, one_by_one = DyingStorage(), InOrderExecutor(endpoint(), at_once=1)
        async with Desk(storage, executor=one_by_one, settings=SMALL) as desk:
            batch = await desk.create(lines(6))
            storage.arm(num_changes, takes_effect=takes_effect)
            life = desk.office.lives[batch.id]
            await dead_or_done(storage, life)
            told = life.batch
        if not storage.has_died:
            break
        await not_ahead_of_the_storage(storage, told)
        assert await ended_by_the_next(storage, batch.id) == "completed"
    assert 20 < num_changes < MAX_CHANGES - 1


@pytest.mark.parametrize("takes_effect", [False, True], ids=["before", "after"])
async def test_a_cancelled_batch_stays_cancelled_wherever_its_office_is_killed(takes_effect):
    for num_changes in range(MAX_CHANGES):
        storage, is_told = DyingStorage(), False
        async with Desk(storage, endpoint=endpoint(), settings=SMALL) as desk:
            batch_id = await gated(desk, num_open=3)
            storage.arm(num_changes, takes_effect=takes_effect)
            with suppress(StorageError):
                await desk.office.cancel(batch_id, owner="")
                is_told = True
                await dead_or_done(storage, desk.office.lives[batch_id])
        if not storage.has_died:
            break
        status = await ended_by_the_next(storage, batch_id)
        assert status == "cancelled" if is_told else status in ("cancelled", "completed")
    assert 5 < num_changes < MAX_CHANGES - 1


async def test_an_office_lets_go_of_everything_soon_after_another_has_come():
    storage = MemoryStorage()
    settings = BatchSettings(claim_s=0.005)
    async with Desk(storage, endpoint=endpoint(asyncio.Event()), settings=settings) as former:
        batch = await former.create(lines(5))
        await former.until(batch.id, "in_progress")
        async with Desk(storage, endpoint=endpoint()) as latter:
            await until(lambda: former.office.lives[batch.id].is_let_go)

            assert not former.endpoint.answered
            with pytest.raises(StorageError, match="not kept here any more"):
                await former.office.batch(batch.id, owner="")
            await exactly_once(latter, batch.id, num_lines=5)


@pytest.mark.parametrize("num_done", range(0, 30, 3))
async def test_two_offices_on_one_storage_end_a_batch_once(num_done):
    storage, gate = MemoryStorage(), asyncio.Event()
    former = Desk(storage, endpoint=endpoint(), settings=SMALL)
    slow = endpoint(gate)
    former.executor.endpoint_of = lambda line: slow if line.number > num_done else former.endpoint
    async with former:
        batch = await former.create(lines(30))
        await former.until_done(batch.id, num_done)
        async with Desk(storage, endpoint=endpoint(), settings=QUICK) as latter:
            gate.set()

            await exactly_once(latter, batch.id, num_lines=30)
            assert latter.office.lives[batch.id].batch.status == "completed"
        await until(lambda: former.office.lives[batch.id].is_let_go)
    async with Desk(storage) as reader:
        await exactly_once(reader, batch.id, num_lines=30)
