"""Answers chunks: rows of a lane stream through the service, a chunk is written once it is whole.

A chunk's files are named by what it is, so a job that was killed finds what is done by looking,
and does a chunk that was under way again, into the same files.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.service.bulk.answer import Answer, errors_file, num_rows_of, results_file
from orchestrator.service.bulk.asking import Asking
from orchestrator.service.bulk.folder import Folder
from orchestrator.service.bulk.inventory import Chunk
from orchestrator.service.bulk.job import ERRORS, RESULTS, Format
from orchestrator.service.bulk.reading import PlacedRow, Reading

#: Chunks of a lane that may wait for a row or their file, beside those that fill it.
_CHUNKS_AHEAD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A chunk whose rows have their answers and errors in files."""

    chunk: Chunk
    num_answers: int
    num_errors: int


class Output:
    """The files of results and errors.

    Args:
        folder: where they go.
        form: what they are.
    """

    def __init__(self, folder: Folder, form: Format) -> None:
        self._folder = folder
        self._form = form

    def done(self) -> frozenset[str]:
        """Names of the chunks that are written.

        Raises:
            StorageError: the folder cannot be listed.
        """
        found = self._folder.entries(RESULTS)
        return frozenset(
            one.path.removeprefix(f"{RESULTS}/").removesuffix(f".{self._form}") for one in found
        )

    def num_errors(self) -> int:
        """Rows of all files of errors.

        Raises:
            StorageError: they cannot be read.
        """
        paths = [one.path for one in self._folder.entries(ERRORS)]
        return sum(num_rows_of(self._folder.read(path), self._form) for path in paths)

    def write(self, chunk: Chunk, answers: Sequence[Answer]) -> Written:
        """Write a chunk; the file of its results comes last and says that it is done.

        Raises:
            StorageError: it cannot be written.
        """
        errors = errors_file(answers, self._form)
        path = f"{ERRORS}/{chunk.name}.{self._form}"
        if errors is not None:
            self._folder.write(path, errors)
        elif self._folder.has(path):  # of a try that was killed
            self._folder.delete(path)
        results = results_file(answers, self._form)
        self._folder.write(f"{RESULTS}/{chunk.name}.{self._form}", results)
        num_errors = sum(one.fault is not None for one in answers)
        return Written(chunk=chunk, num_answers=len(answers) - num_errors, num_errors=num_errors)


class Answering:
    """Answers the chunks of all lanes.

    Args:
        reading: gives their rows.
        asking: puts them to the service.
        output: takes what came of them.
        at_once: rows under way on one lane.
        heard: told of each chunk that is written.
    """

    def __init__(
        self,
        reading: Reading,
        asking: Asking,
        output: Output,
        *,
        at_once: int,
        heard: Callable[[Written], None],
    ) -> None:
        self._reading = reading
        self._asking = asking
        self._output = output
        self._at_once = at_once
        self._heard = heard
        self._turn = asyncio.Lock()

    async def run(self, lanes: Sequence[Sequence[Chunk]]) -> None:
        """Returns when all chunks are written.

        Raises:
            SetupError: the service cannot be reached any more.
            StorageError: files cannot be read or written.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for lane in lanes:
                    group.create_task(self._lane(lane))
        except BaseExceptionGroup as several:
            raise _first(several) from several

    async def _lane(self, chunks: Sequence[Chunk]) -> None:
        """The rows of a lane in order, the next expert's as soon as there is room."""
        room = asyncio.Semaphore(self._at_once)
        # Where files are slow to write, rows wait: memory and what a kill costs are bounded.
        open_chunks = asyncio.Semaphore(_open_chunks(chunks, self._at_once))
        async with asyncio.TaskGroup() as group:
            for order, chunk in enumerate(chunks):
                await open_chunks.acquire()
                under_way = _UnderWay(chunk)
                for row in await self._rows(chunk):
                    await room.acquire()
                    task = group.create_task(self._asking.answer(row, order=order))
                    task.add_done_callback(lambda _: room.release())
                    under_way.tasks.append(task)
                finishing = group.create_task(self._finish(under_way))
                finishing.add_done_callback(lambda _: open_chunks.release())

    async def _rows(self, chunk: Chunk) -> Sequence[PlacedRow]:
        async with self._turn:  # one reader, which keeps what neighbouring chunks share
            return await asyncio.to_thread(self._reading.rows, chunk)

    async def _finish(self, under_way: _UnderWay) -> None:
        answers = [await task for task in under_way.tasks]
        written = await asyncio.to_thread(self._output.write, under_way.chunk, answers)
        self._heard(written)


class _UnderWay:
    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.tasks: list[asyncio.Task[Answer]] = []


def _open_chunks(chunks: Sequence[Chunk], at_once: int) -> int:
    """As many as keep `at_once` rows under way, and some whose last row is slow."""
    num_rows = max((chunk.num_rows for chunk in chunks), default=1)
    return _CHUNKS_AHEAD + at_once // num_rows


def _first(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """What ended the others: they were cancelled, and say nothing."""
    first = several.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
