"""Wherever an office is killed, the next one ends the batch with every line once."""

import asyncio

import pytest

from orchestrator.batch.asked import Page
from orchestrator.batch.fake_endpoint import FakeEndpoint
from orchestrator.batch.life import Life
from orchestrator.batch.settings import BatchSettings
from orchestrator.batch.storage_memory import MemoryStorage
from tests.batch_desk import QUICK, Desk, ids, ids_of, lines, until
from tests.dying_storage import DyingStorage

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


async def begun(desk: Desk, *, is_cancelled: bool) -> str:
    """A batch whose end has begun, or that will come to its end by itself."""
    if not is_cancelled:
        return (await desk.create(lines(6))).id
    slow = endpoint(gate=asyncio.Event())
    desk.executor.endpoint_of = lambda line: slow if line.number > 3 else desk.endpoint
    batch = await desk.create(lines(6))
    await desk.until_done(batch.id, 3)
    await desk.office.cancel(batch.id, owner="")
    return batch.id


async def dead_or_done(storage: DyingStorage, life: Life) -> None:
    await until(lambda: storage.has_died or life.batch.has_ended)


@pytest.mark.parametrize("takes_effect", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("is_cancelled", [False, True], ids=["completed", "cancelled"])
async def test_an_office_killed_at_any_change_loses_no_line_and_doubles_none(
    takes_effect, is_cancelled
):
    for num_changes in range(MAX_CHANGES):
        storage = DyingStorage()
        async with Desk(storage, endpoint=endpoint(), settings=SMALL) as desk:
            batch_id = await begun(desk, is_cancelled=is_cancelled)
            storage.arm(num_changes, takes_effect=takes_effect)
            await dead_or_done(storage, desk.office.lives[batch_id])
        if not storage.has_died:
            break
        storage.revive()
        async with Desk(storage, endpoint=endpoint(), settings=SMALL) as after:
            await exactly_once(after, batch_id, num_lines=6)
            status = after.office.lives[batch_id].batch.status
            assert status == ("cancelled" if is_cancelled else "completed")
    assert 5 < num_changes < MAX_CHANGES - 1


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
