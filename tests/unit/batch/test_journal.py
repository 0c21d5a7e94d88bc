import asyncio

import pytest

from orchestrator.batch.journal import Journal
from orchestrator.batch.line import LineFault, LineReply, LineResult
from orchestrator.batch.settings import BatchSettings
from orchestrator.batch.storage_memory import MemoryStorage
from orchestrator.errors import StorageError
from tests.batch_desk import QUICK
from tests.polling import until

OK = LineReply(status_code=200, request_id="r", body=b"{}")


def result(place: int, *, fault: LineFault | None = None) -> LineResult:
    return LineResult(place=place, custom_id=f"q{place}", reply=OK, fault=fault)


async def journal_on(
    storage: MemoryStorage,
    *,
    writer: str = "000001-a",
    num_lines: int = 10,
    settings: BatchSettings = QUICK,
) -> Journal:
    journal = Journal(storage, "b", writer=writer, num_lines=num_lines, settings=settings)
    await journal.load()
    return journal


async def test_a_result_that_was_taken_is_there_after_a_restart():
    storage = MemoryStorage()
    first = await journal_on(storage)
    await first.put(result(3))
    await first.put(result(5, fault=LineFault(code="c", message="m")))

    second = await journal_on(storage, writer="000002-b")

    assert (second.counts.completed, second.counts.failed, second.counts.total) == (1, 1, 10)
    assert second.left.tolist() == [0, 1, 2, 4, 6, 7, 8, 9]
    await first.close()
    await second.close()


async def test_nothing_is_counted_before_it_is_stored():
    storage = MemoryStorage()
    journal = await journal_on(storage)
    storage.is_away = True
    putting = asyncio.create_task(journal.put(result(1)))
    await until(lambda: journal.obstacle is not None)

    assert (journal.counts.completed, putting.done()) == (0, False)

    storage.is_away = False
    await putting
    assert (journal.counts.completed, journal.obstacle) == (1, None)
    await journal.close()


async def test_a_full_storage_is_waited_for_and_named():
    storage = MemoryStorage(max_bytes=10)
    journal = await journal_on(storage)
    putting = asyncio.create_task(journal.put(result(1)))
    await until(lambda: journal.obstacle is not None)
    assert "no room" in journal.obstacle

    storage.max_bytes = None
    await putting

    assert journal.counts.completed == 1
    await journal.close()


async def test_the_first_result_of_a_line_counts():
    journal = await journal_on(MemoryStorage())
    await journal.put(result(1))
    await journal.put(result(1, fault=LineFault(code="c", message="m")))

    assert (journal.counts.completed, journal.counts.failed) == (1, 0)
    await journal.close()


async def test_results_that_come_together_are_stored_together():
    storage = MemoryStorage()
    journal = await journal_on(storage, settings=BatchSettings(commit_s=30, commit_lines=10))

    await asyncio.gather(*(journal.put(result(place)) for place in range(10)))

    assert len(await storage.list("batches/b/results")) == 1
    await journal.close()


async def test_whoever_brought_a_result_and_hung_up_does_not_keep_it_from_being_stored():
    journal = await journal_on(MemoryStorage(), settings=BatchSettings(commit_s=0.2))
    one, other = (asyncio.create_task(journal.put(result(place))) for place in (0, 1))
    await until(lambda: journal.has_unstored)
    one.cancel()

    await other
    await journal.flush()

    assert journal.counts.completed == 2
    await journal.close()


async def test_what_was_brought_is_stored_before_a_journal_is_closed():
    storage = MemoryStorage()
    journal = await journal_on(storage, settings=BatchSettings(commit_s=30))
    putting = asyncio.create_task(journal.put(result(4)))
    await until(lambda: journal.has_unstored)

    await journal.close()

    await putting
    assert journal.counts.completed == 1


async def test_whoever_waits_when_a_journal_is_closed_on_a_full_storage_is_told():
    storage = MemoryStorage()
    journal = await journal_on(storage)
    storage.max_bytes = 0
    putting = [asyncio.create_task(journal.put(result(place))) for place in (4, 5)]
    await until(lambda: journal.obstacle is not None)

    await journal.close()

    for one in putting:
        with pytest.raises(StorageError, match="let go before they were stored"):
            await one
    assert journal.counts.completed == 0


async def test_a_closed_journal_takes_nothing():
    journal = await journal_on(MemoryStorage())
    await journal.close()

    with pytest.raises(StorageError, match="takes no results any more"):
        await journal.put(result(0))


async def test_segments_stay_few_however_long_a_batch_runs():
    storage = MemoryStorage()
    settings = BatchSettings(commit_s=0, commit_lines=1, merge_segments=4)
    journal = await journal_on(storage, num_lines=100, settings=settings)

    for place in range(100):
        await journal.put(result(place))
    await journal.close()

    assert len(await storage.list("batches/b/results")) <= 3 * 4
    again = await journal_on(storage, writer="000002-b", num_lines=100)
    assert again.counts.completed == 100
    await again.close()


async def test_results_of_another_file_are_left_aside():
    storage = MemoryStorage()
    longer = await journal_on(storage, num_lines=50)
    await asyncio.gather(longer.put(result(2)), longer.put(result(40)))
    await longer.close()

    shorter = await journal_on(storage, num_lines=10)

    assert (shorter.counts.total, shorter.counts.completed) == (10, 1)
    await shorter.close()


async def test_what_is_no_segment_is_left_where_it_is():
    storage = MemoryStorage()
    await storage.write("batches/b/results/notes.txt", b"mine")
    await storage.write("batches/b/results/x-y.segment", b"\x00")

    journal = await journal_on(storage)

    assert journal.counts.completed == 0
    assert len(await storage.list("batches/b/results")) == 2
    await journal.close()
