import os
import resource
import stat
import time

import pytest

from orchestrator.batch.storage_folder import FolderStorage
from orchestrator.batch.storage_opening import open_storage
from orchestrator.errors import StorageError, StorageFullError
from tests.contracts.storage import StorageContract, paths


class TestFolderStorage(StorageContract):
    @pytest.fixture
    def storage(self, tmp_path):
        return FolderStorage(tmp_path / "batches")


@pytest.mark.parametrize("form", ["{folder}", "file://{folder}", "local://{folder}"])
async def test_a_path_and_a_file_url_are_folders_of_this_machine(tmp_path, form):
    await open_storage(form.format(folder=tmp_path / "b")).write("a/b", b"1")

    assert (tmp_path / "b" / "a" / "b").read_bytes() == b"1"


async def test_nothing_is_made_before_something_is_written(tmp_path):
    storage = FolderStorage(tmp_path / "batches")

    assert await paths(storage) == []
    assert not (tmp_path / "batches").exists()


@pytest.fixture
def largest_file():
    """A bound on files of this process, as a quota sets one: writing beyond it fails with EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda num_bytes: resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_where_the_disk_takes_no_more_nothing_of_an_object_is_left(tmp_path, largest_file):
    storage = FolderStorage(tmp_path)
    writing = await storage.open_write("big")
    await writing.write(b"x" * 1000)

    largest_file(1500)
    with pytest.raises(StorageFullError, match="no room for 'big'"):
        await writing.write(b"x" * 1000)
    with pytest.raises(StorageFullError, match="no room for 'other'"):
        await storage.write("other", b"x" * 2000)
    await writing.abort()

    assert await paths(storage) == []
    assert list((tmp_path / ".partial").iterdir()) == []


async def test_a_folder_that_may_not_be_written_is_said_to_be_so(tmp_path):
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(StorageError):
        await FolderStorage(tmp_path / "file").write("a", b"1")


async def test_what_killed_writers_left_is_swept_once_it_is_old(tmp_path):
    storage = FolderStorage(tmp_path)
    old = await storage.open_write("old")
    (left,) = (tmp_path / ".partial").iterdir()
    os.utime(left, (0, time.time() - 7200))
    new = await storage.open_write("new")

    assert await storage.sweep(older_than_s=3600) == 1
    assert len(list((tmp_path / ".partial").iterdir())) == 1
    await old.abort()
    await new.abort()


async def test_files_are_for_the_service_and_readable_where_its_umask_says_so(tmp_path):
    await FolderStorage(tmp_path).write("a", b"1")

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) & 0o111 == 0
