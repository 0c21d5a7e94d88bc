import asyncio
import threading

from fsspec.implementations.memory import MemoryFileSystem

from orchestrator.batch.storage_fsspec import FsspecStorage


class StuckFiles(MemoryFileSystem):
    """Answers nobody before it is let."""

    protocol = "stuck"
    gate = threading.Event()

    def info(self, path, **kwargs):
        self.gate.wait()
        raise FileNotFoundError(path)


async def test_a_storage_that_does_not_answer_holds_up_nobody_else_in_the_process():
    files = StuckFiles()
    storage = FsspecStorage(files, "/stuck")
    asked = [asyncio.create_task(storage.delete("a")) for _ in range(100)]

    try:
        async with asyncio.timeout(30):
            assert await asyncio.to_thread(lambda: "done") == "done"
    finally:
        files.gate.set()
    assert await asyncio.gather(*asked) == [False] * 100
