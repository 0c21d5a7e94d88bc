"""Output and error file of a batch, put together from its segments in one pass."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import suppress

import numpy as np
import numpy.typing as npt

from orchestrator.batch import places
from orchestrator.batch.batch import Batch, RequestCounts
from orchestrator.batch.ending import StoredEnding
from orchestrator.batch.executing import Lines
from orchestrator.batch.files import contents_of
from orchestrator.batch.ids import new_file_id
from orchestrator.batch.line import LineFault
from orchestrator.batch.merging import segment_paths
from orchestrator.batch.result_lines import unasked_line
from orchestrator.batch.segments import Record, records_of
from orchestrator.batch.storage import Storage, Writing
from orchestrator.batch.stored_file import StoredFile
from orchestrator.errors import StorageError

#: Written at a time, bytes.
_PIECE_BYTES = 2**20


class OutputFile:
    """A file of a batch on its way: nothing is there before `commit`, and never an empty one."""

    def __init__(self, storage: Storage, *, filename: str) -> None:
        self._storage = storage
        self._writing: Writing | None = None
        self._piece = bytearray()
        self._id = new_file_id()
        self._filename = filename
        self._num_bytes = 0
        self.num_lines = 0

    async def write(self, line: bytes) -> None:
        """Append a line, given without its end.

        Raises:
            StorageError: it cannot be written now.
        """
        self._piece += line
        self._piece += b"\n"
        self._num_bytes += len(line) + 1
        self.num_lines += 1
        if len(self._piece) >= _PIECE_BYTES:
            await self._let_go()

    async def commit(self, *, created_at: int, expires_at: int | None, owner: str) -> StoredFile:
        """Store it; what is to be registered.

        Raises:
            StorageError: it cannot be stored now.
        """
        await self._let_go()
        assert self._writing is not None, "it is written before it is let go"
        await self._writing.commit()
        return StoredFile(
            id=self._id,
            filename=self._filename,
            purpose="batch_output",
            num_bytes=self._num_bytes,
            created_at=created_at,
            expires_at=expires_at,
            owner=owner,
        )

    async def discard(self) -> None:
        """Leave nothing of it; of no use to anybody without the other file of its batch."""
        if self._writing is not None:
            await self._writing.abort()
            with suppress(StorageError):
                await self._storage.delete(contents_of(self._id))

    async def _let_go(self) -> None:
        if self._writing is None:
            self._writing = await self._storage.open_write(contents_of(self._id))
        await self._writing.write(bytes(self._piece))
        self._piece.clear()


class Finishing:
    """One pass over the results of a batch; the first of each line counts.

    Args:
        storage: where results are and files go.
        batch: whose.
        lines: of the batch, for those that have no result.
        rest: why those have none; `None` where all are to have one.
    """

    def __init__(
        self, storage: Storage, batch: Batch, *, lines: Lines, rest: LineFault | None
    ) -> None:
        self._storage = storage
        self._batch = batch
        self._lines = lines
        self._rest = rest
        self._seen = np.zeros(len(lines), dtype=np.bool_)

    async def finished(self, *, now_s: float) -> StoredEnding | None:
        """Both files, stored but not told of; `None` where lines have no result and need one.

        Raises:
            StorageError: something cannot be read or written now; nothing is left behind.
        """
        output = OutputFile(self._storage, filename=f"{self._batch.id}_output.jsonl")
        error = OutputFile(self._storage, filename=f"{self._batch.id}_error.jsonl")
        ending = None
        try:
            ending = await self._ending(output, error, now_s)
        finally:
            if ending is None:
                await output.discard()
                await error.discard()
        return ending

    async def _ending(
        self, output: OutputFile, error: OutputFile, now_s: float
    ) -> StoredEnding | None:
        async for record in self._first_results():
            await (output if record.is_ok else error).write(record.line)
        counts = RequestCounts(
            total=len(self._lines), completed=output.num_lines, failed=error.num_lines
        )
        if self._rest is None and not self._seen.all():
            return None
        await self._write_rest(error)
        files = [await self._commit(one, now_s) for one in (output, error)]
        return StoredEnding(output=files[0], error=files[1], counts=counts)

    async def _first_results(self) -> AsyncIterator[Record]:
        for path in await segment_paths(self._storage, places.results(self._batch.id)):
            async for record in records_of(self._storage, path):
                if record.place < len(self._seen) and not self._seen[record.place]:
                    self._seen[record.place] = True
                    yield record

    async def _write_rest(self, error: OutputFile) -> None:
        if self._rest is None:
            return
        left: npt.NDArray[np.int64] = np.flatnonzero(~self._seen)
        for place in left:
            line = await self._lines.read(int(place))
            await error.write(unasked_line(line.custom_id, self._rest))

    async def _commit(self, file: OutputFile, now_s: float) -> StoredFile | None:
        if not file.num_lines:
            return None
        return await file.commit(
            created_at=int(now_s), expires_at=_expiry(self._batch, now_s), owner=self._batch.owner
        )


async def plan_ending(
    storage: Storage, batch: Batch, lines: Iterable[bytes], *, now_s: float
) -> StoredEnding:
    """The output file of a batch that was planned alone, stored but not told of.

    Raises:
        StorageError: it cannot be written now; nothing is left behind.
    """
    output = OutputFile(storage, filename=f"{batch.id}_plan.jsonl")
    file = None
    try:
        for line in lines:
            await output.write(line.rstrip(b"\n"))
        file = await output.commit(
            created_at=int(now_s), expires_at=_expiry(batch, now_s), owner=batch.owner
        )
    finally:
        if file is None:
            await output.discard()
    return StoredEnding(output=file, counts=batch.request_counts)


def _expiry(batch: Batch, now_s: float) -> int | None:
    after_s = batch.output_expires_after_s
    return None if after_s is None else int(now_s) + after_s
