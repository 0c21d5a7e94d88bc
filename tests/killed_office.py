"""An office in a process of its own that is killed -9 again and again, until its batch has ended.

Run as a program it is that process: `python -m tests.killed_office FOLDER NUM_LINES ANSWER_S`.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import orjson

from orchestrator.batch.asked import NewBatch, Page
from orchestrator.batch.batch import Batch
from orchestrator.batch.fake_endpoint import FakeEndpoint
from orchestrator.batch.files import Files, contents_of
from orchestrator.batch.in_order import InOrderExecutor
from orchestrator.batch.office import BatchOffice
from orchestrator.batch.settings import BatchSettings
from orchestrator.batch.storage_folder import FolderStorage
from tests.batch_desk import CHAT, lines, uploaded
from tests.polling import until

#: Told by the process when its office has begun.
BEGUN = "begun"
SETTINGS = BatchSettings(commit_s=0.01, commit_lines=32, merge_segments=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survived:
    """What came of a batch whose office was killed."""

    batch: Batch
    num_kills: int
    #: How often each `custom_id` is in output and error file together.
    times_by_id: Counter[str]
    #: Output files that are listed.
    num_files: int
    #: Of the process killed last but one: until it had begun again, the longest, seconds.
    max_restart_s: float


def survived(
    folder: Path, *, num_lines: int, num_kills: int, answer_s: float, seed: int = 0
) -> Survived:
    """Kill the office at random moments, then let it end.

    Args:
        folder: of the storage.
        num_lines: of the batch.
        num_kills: at most; fewer where the batch ends before.
        answer_s: how long one line takes.
        seed: of the moments.
    """
    chance, killed, restarts_s = random.Random(seed), 0, []
    for turn in range(num_kills + 1):
        process = _begun(folder, num_lines, answer_s)
        restarts_s.append(process.begun_s)
        within_s = chance.uniform(0, 0.6) if turn < num_kills else 120.0
        if process.ended(within_s=within_s):
            break
        killed += 1
    batch, times_by_id, num_files = asyncio.run(_read(folder))
    return Survived(
        batch=batch,
        num_kills=killed,
        times_by_id=times_by_id,
        num_files=num_files,
        max_restart_s=max(restarts_s),
    )


class _Process:
    def __init__(self, running: subprocess.Popen[bytes], begun_s: float) -> None:
        self._running = running
        self.begun_s = begun_s

    def ended(self, *, within_s: float) -> bool:
        """Whether it comes to its end by itself in time; else it is killed."""
        try:
            return self._running.wait(timeout=within_s) == 0
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()
            return False
        finally:
            assert self._running.stdout is not None
            self._running.stdout.close()


def _begun(folder: Path, num_lines: int, answer_s: float) -> _Process:
    arguments = [str(folder), str(num_lines), str(answer_s)]
    begins_s = time.monotonic()
    running = subprocess.Popen(
        [sys.executable, "-m", "tests.killed_office", *arguments], stdout=subprocess.PIPE
    )
    assert running.stdout is not None
    told = running.stdout.readline().decode().strip()
    assert told == BEGUN, f"the office did not begin: {told!r}"
    return _Process(running, time.monotonic() - begins_s)


async def _read(folder: Path) -> tuple[Batch, Counter[str], int]:
    """What the last office left, seen by one that has nothing to do."""
    storage = FolderStorage(folder)
    office = _office(storage, answer_s=0)
    await office.start()
    [batch], _ = await office.batches(Page(), owner="")
    times: Counter[str] = Counter()
    for file_id in (batch.output_file_id, batch.error_file_id):
        if file_id is not None:
            data = await storage.read(contents_of(file_id))
            times.update(orjson.loads(one)["custom_id"] for one in data.splitlines())
    files, _ = await office.files(Page(limit=100), owner="", purpose="batch_output")
    await office.close()
    return batch, times, len(files)


def _office(storage: FolderStorage, *, answer_s: float) -> BatchOffice:
    endpoint = FakeEndpoint(refuses={"law": 400}, answer_s=answer_s)
    return BatchOffice(
        storage=storage,
        files=Files(storage, clock=time.time),
        endpoint=endpoint,
        executor=InOrderExecutor(endpoint, at_once=64),
        settings=SETTINGS,
    )


async def _run(folder: Path, *, num_lines: int, answer_s: float) -> None:
    storage = FolderStorage(folder)
    office = _office(storage, answer_s=answer_s)
    await office.start()
    found, _ = await office.batches(Page(), owner="")
    if not found:
        file = await office.register(await uploaded(storage, lines(num_lines)))
        asked = NewBatch(input_file_id=file.id, endpoint=CHAT, completion_window="24h")
        found = [await office.create(asked, owner="")]
    print(BEGUN, flush=True)  # noqa: T201 - to whoever kills it
    await until(lambda: office.lives[found[0].id].batch.has_ended, within_s=600)
    await office.close()


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), num_lines=int(sys.argv[2]), answer_s=float(sys.argv[3])))
