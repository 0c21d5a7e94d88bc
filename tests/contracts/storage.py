"""What every `Storage` does; subclasses bring the fixture."""

import asyncio

import pytest

from orchestrator.batch.storage import Storage
from orchestrator.errors import NotStoredError


async def everything(storage: Storage, path: str, **how) -> list[bytes]:
    return [piece async for piece in storage.stream(path, **how)]


async def paths(storage: Storage, prefix: str = "") -> list[str]:
    return [one.path for one in await storage.list(prefix)]


class StorageContract:
    """Needs a fixture `storage`, empty and fresh."""

    async def test_an_object_is_what_was_written_last(self, storage: Storage):
        await storage.write("files/a.json", b"one, which is longer")
        await storage.write("files/a.json", b"\x00two")

        assert await storage.read("files/a.json") == b"\x00two"
        assert await storage.size("files/a.json") == 4

    async def test_an_empty_object_is_one(self, storage: Storage):
        await storage.write("empty", b"")

        assert await storage.read("empty") == b""
        assert await everything(storage, "empty") == []
        assert [one.num_bytes for one in await storage.list()] == [0]

    @pytest.mark.parametrize(
        ("start", "length", "found"),
        [(0, 3, b"012"), (4, 2, b"45"), (8, 100, b"89"), (10, 1, b""), (50, 1, b""), (3, 0, b"")],
    )
    async def test_a_range_ends_where_the_object_does(
        self, storage: Storage, start: int, length: int, found: bytes
    ):
        await storage.write("digits", b"0123456789")

        assert await storage.read_range("digits", start=start, length=length) == found

    async def test_a_stream_brings_all_of_an_object_in_small_pieces(self, storage: Storage):
        await storage.write("digits", b"0123456789")

        assert await everything(storage, "digits", chunk_bytes=4) == [b"0123", b"4567", b"89"]
        assert b"".join(await everything(storage, "digits", start=7)) == b"789"

    async def test_a_stream_can_be_left_in_the_middle(self, storage: Storage):
        await storage.write("digits", b"0123456789")
        stream = storage.stream("digits", chunk_bytes=2)

        assert await anext(stream) == b"01"
        await stream.aclose()
        assert await storage.delete("digits")

    async def test_what_is_not_stored_is_said_to_be_missing(self, storage: Storage):
        for asked in (
            storage.read("no/such"),
            storage.read_range("no/such", start=0, length=1),
            storage.size("no/such"),
            everything(storage, "no/such"),
        ):
            with pytest.raises(NotStoredError, match="'no/such' is not in the storage"):
                await asked

    async def test_a_folder_is_no_object(self, storage: Storage):
        await storage.write("a/b", b"1")

        with pytest.raises(NotStoredError):
            await storage.read("a")

    async def test_a_listing_has_what_lies_below_a_folder_in_order(self, storage: Storage):
        for path in ("b/2", "b/1/deep", "bb/3", "a"):
            await storage.write(path, path.encode())

        assert await paths(storage) == ["a", "b/1/deep", "b/2", "bb/3"]
        assert await paths(storage, "b") == ["b/1/deep", "b/2"]
        assert await paths(storage, "nothing") == []
        assert [one.num_bytes for one in await storage.list("b")] == [8, 3]

    async def test_a_listing_says_when_objects_were_changed(self, storage: Storage):
        await storage.write("a", b"1")

        (one,) = await storage.list()
        assert one.modified_s is not None
        assert one.modified_s > 1_600_000_000

    async def test_a_deleted_object_is_gone(self, storage: Storage):
        await storage.write("a", b"1")

        assert (await storage.delete("a"), await storage.delete("a")) == (True, False)
        assert await paths(storage) == []

    async def test_a_folder_is_deleted_with_all_below_and_nothing_beside_it(self, storage: Storage):
        for path in ("b/1", "b/c/2", "bb"):
            await storage.write(path, b"x")

        await storage.delete_folder("b")
        await storage.delete_folder("b")

        assert await paths(storage) == ["bb"]

    async def test_an_object_that_comes_in_pieces_is_seen_when_it_is_whole(self, storage: Storage):
        writing = await storage.open_write("files/big")
        await writing.write(b"one ")
        await writing.write(b"two")

        assert await paths(storage) == []
        await writing.commit()
        await writing.abort()
        assert await storage.read("files/big") == b"one two"

    async def test_until_a_new_object_is_whole_the_old_one_is_read(self, storage: Storage):
        await storage.write("a", b"old")
        writing = await storage.open_write("a")
        await writing.write(b"new")

        assert await storage.read("a") == b"old"
        await writing.commit()
        assert await storage.read("a") == b"new"

    async def test_of_an_object_that_is_given_up_nothing_is_left(self, storage: Storage):
        writing = await storage.open_write("files/big")
        await writing.write(b"one ")
        await writing.abort()
        await writing.abort()

        assert await paths(storage) == []
        assert await storage.sweep(older_than_s=-60) == 0

    async def test_of_writers_of_one_path_one_wins_whole(self, storage: Storage):
        contents = [bytes([65 + place]) * 10_000 for place in range(8)]

        await asyncio.gather(*(storage.write("a", content) for content in contents))

        assert await storage.read("a") in contents
        assert await paths(storage) == ["a"]

    @pytest.mark.parametrize(
        "path",
        ["", "/etc/passwd", "../up", "a/../b", "a//b", "a/", ".hidden", "a\\b", "a\x00", "é"],
    )
    async def test_a_path_that_could_leave_the_root_is_refused(self, storage: Storage, path: str):
        for asked in (storage.read(path), storage.write(path, b""), storage.open_write(path)):
            with pytest.raises(ValueError, match="is no path of a storage"):
                await asked
