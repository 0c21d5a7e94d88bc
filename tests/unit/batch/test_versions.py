"""What an earlier version stored is gone on with; `version_1` is a batch of it, half done."""

import shutil
from pathlib import Path

import pytest

from orchestrator.batch import places
from orchestrator.batch.batch import RequestCounts
from orchestrator.batch.ending import StoredEnding, store_ending
from orchestrator.batch.fake_endpoint import FakeEndpoint
from orchestrator.batch.storage_folder import FolderStorage
from orchestrator.batch.stored_file import StoredFile
from tests.batch_desk import Desk, ids, ids_of
from tests.polling import until

KEPT = Path(__file__).parent / "version_1"
BATCH = "batch_g9z4688uPfa8rgltPIICUVlV"


@pytest.fixture
def storage(tmp_path) -> FolderStorage:
    shutil.copytree(KEPT, tmp_path / "kept")
    return FolderStorage(tmp_path / "kept")


def desk_on(storage: FolderStorage) -> Desk:
    return Desk(storage, endpoint=FakeEndpoint(refuses={"law": 400}))


async def test_a_batch_that_version_1_left_half_done_is_ended(storage):
    async with desk_on(storage) as desk:
        ended = await desk.until(BATCH)

        output, error = await ids_of(desk, ended)
        assert (sorted(output), sorted(error)) == (ids(range(0, 12, 2)), ids(range(1, 12, 2)))
        assert sorted(desk.endpoint.answered) == ids(range(8, 12))
        assert ended.metadata == {"made": "by version 1"}
        assert (await desk.office.file(ended.output_file_id, owner="")).expires_at == 4_600
        predicted = (await desk.office.timeline(BATCH, owner="")).predicted
        assert [bar.expert for bar in predicted] == ["math", "law"]


async def test_files_that_are_gone_before_they_were_listed_are_made_anew(storage):
    lost = StoredFile(
        id="file-lost", filename="o", purpose="batch_output", num_bytes=3, created_at=1
    )
    ending = StoredEnding(output=lost, counts=RequestCounts(total=12, completed=12))
    await store_ending(storage, BATCH, ending)

    async with desk_on(storage) as desk:
        ended = await desk.until(BATCH)

        output, error = await ids_of(desk, ended)
    assert (len(output), len(error)) == (6, 6)


async def test_a_file_that_expired_while_nobody_ran_does_not_keep_its_batch_from_ending(storage):
    gone = StoredFile(
        id="file-gone", filename="o", purpose="batch_output", num_bytes=3, created_at=1,
        expires_at=900,
    )  # fmt: skip
    ending = StoredEnding(output=gone, counts=RequestCounts(total=12, completed=12))
    await store_ending(storage, BATCH, ending)

    async with desk_on(storage) as desk:
        ended = await desk.until(BATCH)

    assert (ended.status, ended.output_file_id) == ("completed", "file-gone")


@pytest.mark.parametrize("damage", [None, b"", b"PK\x03\x04", b"\x00" * 100])
async def test_an_index_that_is_lost_or_damaged_is_made_anew(storage, damage):
    if damage is None:
        await storage.delete(places.index(BATCH))
    else:
        await storage.write(places.index(BATCH), damage)

    async with desk_on(storage) as desk:
        ended = await desk.until(BATCH)

        assert ended.request_counts.model_dump() == {"total": 12, "completed": 6, "failed": 6}
        assert sorted(desk.endpoint.answered) == ids(range(8, 12))


async def test_results_of_a_later_version_make_their_batch_wait_and_say_why(storage):
    [kept] = await storage.list(places.results(BATCH))
    later = (await storage.read(kept.path)).replace(b"results 1", b"results 2")
    await storage.write(kept.path, later)

    async with desk_on(storage) as desk:
        await until(lambda: desk.office.lives[BATCH].progress().obstacle is not None)
        assert "version 2" in (await desk.office.progress(BATCH, owner="")).obstacle
        other = await desk.create()
        assert (await desk.until(other.id)).status == "completed"

    assert await storage.read(kept.path) == later


async def test_a_chart_that_is_damaged_is_done_without(storage):
    await storage.write(places.timeline(BATCH), b"{")

    async with desk_on(storage) as desk:
        assert (await desk.until(BATCH)).status == "completed"
