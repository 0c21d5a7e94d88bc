import pytest

from orchestrator.batch import places
from orchestrator.batch.files import contents_of
from orchestrator.batch.finishing import Finishing, plan_ending
from orchestrator.batch.line import Line
from orchestrator.batch.result_lines import EXPIRED
from orchestrator.batch.segments import Record, segment
from orchestrator.batch.storage_memory import MemoryStorage
from orchestrator.errors import StorageFullError
from tests.unit.batch.test_states import new_batch

BATCH = new_batch(status="finalizing", owner="me", output_expires_after_s=3_600)


class Numbered:
    """So many lines."""

    def __init__(self, num: int) -> None:
        self._num = num

    def __len__(self) -> int:
        return self._num

    async def read(self, place: int) -> Line:
        return Line(number=place + 1, custom_id=f"q{place}", url="", body=b"{}")


def record(place: int, *, is_ok: bool = True, said: str = "x") -> Record:
    return Record(place=place, is_ok=is_ok, line=b'{"q":%d,"said":"%s"}' % (place, said.encode()))


async def stored(*segments: list[Record]) -> MemoryStorage:
    storage = MemoryStorage()
    for number, records in enumerate(segments):
        path = f"{places.results(BATCH.id)}/0-w-{number:08d}.segment"
        await storage.write(path, segment(records))
    return storage


async def finished(storage: MemoryStorage, num: int, *, rest=None):
    finishing = Finishing(storage, BATCH, lines=Numbered(num), rest=rest)
    return await finishing.finished(now_s=500.5)


async def test_the_first_result_of_a_line_is_in_its_file_and_no_other():
    storage = await stored(
        [record(0), record(1, is_ok=False)], [record(1), record(0, is_ok=False, said="late")]
    )

    ending = await finished(storage, 2)

    assert await storage.read(contents_of(ending.output.id)) == b'{"q":0,"said":"x"}\n'
    assert await storage.read(contents_of(ending.error.id)) == b'{"q":1,"said":"x"}\n'
    assert ending.counts.model_dump() == {"total": 2, "completed": 1, "failed": 1}


async def test_files_say_whose_they_are_how_long_and_until_when():
    storage = await stored([record(0)])

    ending = await finished(storage, 1)

    file = ending.output
    assert (file.owner, file.purpose, file.num_bytes) == ("me", "batch_output", 19)
    assert (file.created_at, file.expires_at) == (500, 4_100)
    assert file.filename == "batch_1_output.jsonl"
    assert ending.error is None


async def test_a_line_without_a_result_is_not_passed_over():
    storage = await stored([record(0), record(2)])

    assert await finished(storage, 3) is None
    assert await storage.list("files") == []


async def test_of_an_expired_batch_the_rest_is_told_in_the_error_file():
    storage = await stored([record(0)])

    ending = await finished(storage, 3, rest=EXPIRED)

    told = (await storage.read(contents_of(ending.error.id))).splitlines()
    assert [b'"custom_id":"q%d"' % n in line for n, line in enumerate(told, start=1)] == [True] * 2
    assert ending.counts.model_dump() == {"total": 3, "completed": 1, "failed": 0}


@pytest.mark.parametrize("num_bytes", [0, 100, 40_000])
async def test_where_there_is_no_room_nothing_is_left_behind(num_bytes):
    storage = await stored([record(n, is_ok=n % 2 == 0, said="y" * 200) for n in range(200)])
    storage.max_bytes = storage.num_bytes + num_bytes

    with pytest.raises(StorageFullError):
        await finished(storage, 200)

    assert await storage.list("files") == []


async def test_a_plan_is_one_output_file():
    storage = MemoryStorage()

    ending = await plan_ending(storage, BATCH, iter([b"{}\n", b"[]\n"]), now_s=500)

    assert await storage.read(contents_of(ending.output.id)) == b"{}\n[]\n"
    assert (ending.error, ending.output.owner) == (None, "me")
