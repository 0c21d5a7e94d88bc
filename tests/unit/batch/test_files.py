import logging

import pytest

from orchestrator.batch.asked import Page
from orchestrator.batch.files import Files, contents_of
from orchestrator.batch.ids import new_file_id
from orchestrator.batch.storage_memory import MemoryStorage
from orchestrator.batch.stored_file import StoredFile
from orchestrator.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    NotStoredError,
    StorageError,
)

DAY_S = 24 * 3600


class Time:
    now_s = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def storage(time):
    return MemoryStorage(clock=time)


@pytest.fixture
def files(storage, time):
    return Files(storage, clock=time)


async def kept(files: Files, storage: MemoryStorage, **fields) -> StoredFile:
    file = StoredFile(
        **{
            "id": new_file_id(),
            "filename": "in.jsonl",
            "purpose": "batch",
            "num_bytes": 2,
            "created_at": 1_700_000_000,
        }
        | fields
    )
    await storage.write(contents_of(file.id), b"{}")
    return await files.register(file)


async def test_a_file_that_was_registered_is_found_after_a_restart(files, storage, time):
    file = await kept(files, storage)

    later = Files(storage, clock=time)
    await later.start()

    assert later.find(file.id, owner="") == file


async def test_without_contents_nothing_is_registered(files):
    with pytest.raises(NotStoredError):
        await files.register(
            StoredFile(id="file-a", filename="a", purpose="batch", num_bytes=1, created_at=1)
        )
    with pytest.raises(NotFoundError):
        files.find("file-a", owner="")


async def test_while_the_storage_is_away_nothing_is_registered(files, storage):
    file = await kept(files, storage)
    storage.is_away = True

    with pytest.raises(StorageError):
        await files.register(file.model_copy(update={"id": "file-b"}))
    with pytest.raises(NotFoundError):
        files.find("file-b", owner="")


async def test_the_file_of_another_is_not_there(files, storage):
    file = await kept(files, storage, owner="key-1")

    for asked in (
        lambda: files.find(file.id, owner="key-2"),
        lambda: files.find("file-", owner=""),
    ):
        with pytest.raises(NotFoundError, match="no file 'file-"):
            asked()
    with pytest.raises(NotFoundError):
        await files.delete(file.id, owner="")
    assert files.page(Page(), owner="key-2") == ([], False)
    assert files.page(Page(), owner="key-1") == ([file], False)


async def test_pages_follow_one_another_newest_first(files, storage):
    made = [await kept(files, storage, created_at=second) for second in (1, 2, 3, 4, 5)]
    oldest, *_, newest = made

    first, has_more = files.page(Page(limit=3), owner="")
    rest, has_rest = files.page(Page(limit=3, after=first[-1].id), owner="")

    assert (first + rest, has_more, has_rest) == (made[::-1], True, False)
    assert files.page(Page(limit=1, is_ascending=True), owner="") == ([oldest], True)
    assert files.page(Page(after=oldest.id), owner="") == ([], False)
    assert files.page(Page(limit=5), owner="") == (made[::-1], False)
    assert newest == first[0]


async def test_a_page_behind_what_is_not_there_is_refused(files, storage):
    await kept(files, storage)

    with pytest.raises(InvalidRequestError, match="'after' is 'file-x'") as told:
        files.page(Page(after="file-x"), owner="")
    assert told.value.param == "after"


async def test_files_of_one_purpose_are_listed_alone(files, storage):
    await kept(files, storage)
    output = await kept(files, storage, purpose="batch_output")

    assert files.page(Page(), owner="", purpose="batch_output") == ([output], False)


async def test_a_deleted_file_is_gone_with_its_contents(files, storage, time):
    file = await kept(files, storage)

    await files.delete(file.id, owner="")

    assert await storage.list() == []
    with pytest.raises(NotFoundError):
        files.find(file.id, owner="")


async def test_a_file_in_use_is_not_deleted_and_the_batch_is_named(files, storage):
    file = await kept(files, storage)
    files.used_by = {file.id: "batch_1"}.get

    with pytest.raises(ConflictError, match=r"in use by batch 'batch_1', which has not ended"):
        await files.delete(file.id, owner="")
    assert await storage.size(contents_of(file.id)) == 2


async def test_an_expired_file_is_not_there_and_its_contents_go_unless_they_are_in_use(
    files, storage, time
):
    file = await kept(files, storage, expires_at=1_700_000_100)
    files.used_by = {file.id: "batch_1"}.get

    time.now_s = 1_700_000_099
    assert files.find(file.id, owner="") == file
    time.now_s = 1_700_000_100
    with pytest.raises(NotFoundError):
        files.find(file.id, owner="")
    assert files.page(Page(), owner="") == ([], False)
    assert await files.sweep() == 0
    files.used_by = {}.get
    assert await files.sweep() == 1
    assert await storage.list() == []


async def test_contents_that_were_never_registered_go_after_a_day(files, storage, time):
    file = await kept(files, storage)
    await storage.write("files/file-orphan.content", b"1")
    await storage.write("batches/else.content", b"1")

    time.now_s += DAY_S - 1
    assert await files.sweep() == 0
    time.now_s += 2
    assert await files.sweep() == 1
    assert [one.path for one in await storage.list()] == [
        "batches/else.content",
        contents_of(file.id),
        f"files/{file.id}.json",
    ]


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (b'{"id": "file-b"', "damaged"),
        (b"", "damaged"),
        (b"\xff", "damaged"),
        (None, "reads up to"),
    ],
    ids=["torn", "empty", "garbage", "newer"],
)
async def test_facts_that_cannot_be_read_are_told_and_left_with_their_contents(
    files, storage, time, caplog, stored, told
):
    good = await kept(files, storage)
    bad = await kept(files, storage)
    newer = bad.model_copy(update={"version": 2}).model_dump_json().encode()
    await storage.write(f"files/{bad.id}.json", stored if stored is not None else newer)
    later = Files(storage, clock=time)

    with caplog.at_level(logging.ERROR):
        await later.start()

    assert told in caplog.text
    assert f"files/{bad.id}.json is left alone" in caplog.text
    assert later.page(Page(), owner="") == ([good], False)
    time.now_s += 10 * DAY_S
    assert await later.sweep() == 0
