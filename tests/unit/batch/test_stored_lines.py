import pytest

from orchestrator.batch.input_lines import RawLine, read_lines
from orchestrator.batch.line_index import LineIndexBuilder
from orchestrator.batch.storage_memory import MemoryStorage
from orchestrator.batch.stored_lines import StoredLines
from orchestrator.errors import NotStoredError, StorageError
from tests.batch_desk import CHAT, line

PATH = "files/f.content"


class CountingStorage(MemoryStorage):
    num_reads = 0

    async def read_range(self, path: str, *, start: int, length: int) -> bytes:
        self.num_reads += 1
        return await super().read_range(path, start=start, length=length)


async def stored(content: bytes) -> tuple[CountingStorage, StoredLines]:
    storage, index = CountingStorage(), LineIndexBuilder()
    await storage.write(PATH, content)
    async for raw in read_lines(storage.stream(PATH), max_line_bytes=2**24):
        assert isinstance(raw, RawLine)
        index.add(offset=raw.offset, num_bytes=raw.length, number=raw.number)
    return storage, StoredLines(storage, PATH, endpoint=CHAT, index=index.index())


@pytest.mark.parametrize("length", [1, 100_000, 300_000, 3_000_000])
async def test_lines_are_read_from_any_place_in_any_order(length):
    content = b"".join(line(f"q{n}", model="x" * length) + b"\r\n" for n in range(4))
    _, lines = await stored(content)

    read = [await lines.read(place) for place in (3, 0, 2, 1, 3)]

    assert [one.custom_id for one in read] == ["q3", "q0", "q2", "q1", "q3"]
    assert [one.number for one in read] == [7, 1, 5, 3, 7]
    assert all(len(one.body) == length + 12 for one in read)


async def test_short_lines_one_after_the_other_cost_few_reads():
    storage, lines = await stored(b"".join(line(f"q{n}") for n in range(5_000)))

    for place in range(len(lines)):
        await lines.read(place)

    assert storage.num_reads <= 4


async def test_a_file_that_was_replaced_is_not_read_as_what_it_was():
    storage, lines = await stored(line("q0") + line("q1"))
    await storage.write(PATH, b"x" * 500)

    with pytest.raises(StorageError, match=r"line 2 of .* is not what it was"):
        await lines.read(1)


async def test_a_file_that_is_gone_is_told():
    storage, lines = await stored(line("q0"))
    await storage.delete(PATH)

    with pytest.raises(NotStoredError):
        await lines.read(0)
