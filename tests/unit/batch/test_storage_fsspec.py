import secrets

import fsspec
import pytest

from orchestrator.batch.storage_fsspec import FsspecStorage
from orchestrator.batch.storage_opening import open_storage
from orchestrator.errors import MissingExtraError, SetupError
from tests.contracts.storage import StorageContract, paths


class TestFsspecStorage(StorageContract):
    @pytest.fixture
    def storage(self):
        root = f"/{secrets.token_hex(8)}/batches"
        yield FsspecStorage(fsspec.filesystem("memory"), root)
        fsspec.filesystem("memory").store.clear()


async def test_what_killed_writers_left_is_swept_once_it_is_old():
    root = secrets.token_hex(8)
    storage = open_storage(f"memory://{root}")
    await storage.write("a", b"1")
    fsspec.filesystem("memory").pipe(f"/{root}/.partial/killed.part", b"1")

    assert await storage.sweep(older_than_s=3600) == 0
    assert await storage.sweep(older_than_s=-60) == 1
    assert await paths(storage) == ["a"]


def test_a_protocol_that_nobody_knows_is_told_with_those_that_are():
    with pytest.raises(SetupError, match=r"'s4://bucket/a' cannot be opened.*protocols: .*memory"):
        open_storage("s4://bucket/a")


def test_a_protocol_whose_package_is_missing_names_it():
    with pytest.raises(MissingExtraError, match=r"'gs://bucket' needs a package: .*gcsfs"):
        open_storage("gs://bucket")


def test_credentials_of_a_url_are_not_quoted():
    with pytest.raises(SetupError) as told:
        open_storage("s4://key:secret@bucket/a")
    assert "secret" not in str(told.value)
