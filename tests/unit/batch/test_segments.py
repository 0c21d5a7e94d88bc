import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.batch.segments import Record, records_of, segment
from orchestrator.batch.storage_memory import MemoryStorage
from orchestrator.errors import StorageError

PATH = "batches/b/results/0-w-1.segment"
RECORDS = [Record(place=n, is_ok=n % 2 == 0, line=b'{"custom_id":"q%d"}' % n) for n in range(4)]


async def read(data: bytes) -> list[Record]:
    storage = MemoryStorage()
    await storage.write(PATH, data)
    return [record async for record in records_of(storage, PATH)]


async def test_a_segment_is_read_as_it_was_written():
    assert await read(segment(RECORDS)) == RECORDS


@given(cut=st.integers(0, len(segment(RECORDS))))
async def test_of_a_torn_segment_the_whole_lines_count(cut):
    whole = [one for one in RECORDS if len(segment(RECORDS[: one.place + 1])) - 1 <= cut]

    assert await read(segment(RECORDS)[:cut]) == whole


@given(at=st.integers(0, len(segment(RECORDS)) - 1), byte=st.integers(0, 255))
async def test_a_damaged_byte_loses_its_line_and_never_alters_one(at, byte):
    data = bytearray(segment(RECORDS))
    data[at] = byte

    try:
        found = await read(bytes(data))
    except StorageError:
        found = []  # the version became a later one

    assert all(record in RECORDS for record in found)
    assert len(found) >= 2 or not found


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\x00" * 500, b"{}\n", b"orchestrator-results\n"])
async def test_what_is_no_segment_holds_nothing(data):
    assert await read(data) == []


async def test_a_segment_of_a_later_version_is_refused_with_what_to_do():
    data = segment(RECORDS).replace(b"results 1", b"results 2")

    with pytest.raises(StorageError, match="version 2 of results; this software reads up to 1"):
        await read(data)
