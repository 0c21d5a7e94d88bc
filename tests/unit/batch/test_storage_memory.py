import pytest

from orchestrator.batch.storage_memory import MemoryStorage
from orchestrator.errors import StorageError, StorageFullError
from tests.contracts.storage import StorageContract


class TestMemoryStorage(StorageContract):
    @pytest.fixture
    def storage(self):
        return MemoryStorage()


async def test_where_there_is_no_room_nothing_of_an_object_is_kept():
    storage = MemoryStorage(max_bytes=10)
    await storage.write("a", b"12345678")

    with pytest.raises(StorageFullError, match=r"no room for 'b': the storage holds 8 of 10"):
        await storage.write("b", b"123")
    assert [one.path for one in await storage.list()] == ["a"]


async def test_what_is_under_way_takes_room_until_it_is_given_up():
    storage = MemoryStorage(max_bytes=10)
    writing = await storage.open_write("a")
    await writing.write(b"12345678")

    with pytest.raises(StorageFullError):
        await writing.write(b"901")
    await writing.abort()
    await storage.write("b", b"1234567890")
    assert storage.num_bytes == 10


async def test_a_storage_that_is_away_says_so_and_has_everything_when_it_is_back():
    storage = MemoryStorage()
    await storage.write("a", b"1")

    storage.is_away = True
    with pytest.raises(StorageError, match="does not answer for 'a'"):
        await storage.read("a")
    storage.is_away = False
    assert await storage.read("a") == b"1"
