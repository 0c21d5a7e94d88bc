"""A writer that is killed at any moment leaves an object that was written whole."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.batch.storage_folder import FolderStorage
from tests.contracts.storage import paths

pytestmark = pytest.mark.integration

WRITER = """
import asyncio, sys
from pathlib import Path
from orchestrator.batch.storage_folder import FolderStorage

async def main():
    storage, number = FolderStorage(Path(sys.argv[1])), 0
    while True:
        number += 1
        await storage.write("files/a", b"%08d" % number * 50_000)
        print(number, flush=True)

asyncio.run(main())
"""


def last_told(folder: Path, *, num_writes: int) -> int:
    """The number of the last object that a writer told to be stored before it was killed."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    with writer, writer.stdout as told:
        numbers = [int(told.readline()) for _ in range(num_writes)]
        writer.kill()
        return max([*numbers, *map(int, told.read().split())])


@pytest.mark.parametrize("seed", range(4))
async def test_what_was_told_to_be_stored_is_there_whole_after_a_kill(tmp_path, seed):
    last = last_told(tmp_path, num_writes=random.Random(seed).randint(1, 40))

    storage = FolderStorage(tmp_path)
    found = await storage.read("files/a")
    assert found == found[:8] * 50_000
    assert int(found[:8]) in {last, last + 1}
    assert await paths(storage) == ["files/a"]
    assert await storage.sweep(older_than_s=-60) in {0, 1}
    assert not list((tmp_path / ".partial").iterdir())
