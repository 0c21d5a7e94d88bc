"""The lines of a batch, read from its input file when they are asked for."""

from __future__ import annotations

from collections import OrderedDict

from orchestrator.batch.batch import BatchFault
from orchestrator.batch.input_lines import RawLine
from orchestrator.batch.input_parsing import parse_line
from orchestrator.batch.line import Line
from orchestrator.batch.line_index import LineIndex
from orchestrator.batch.storage import Storage
from orchestrator.errors import StorageError

#: Read at a time, and blocks that are kept: lines are mostly asked for in their order.
_BLOCK_BYTES = 256 * 1024
_NUM_BLOCKS = 16


class StoredLines:
    """See `Lines`.

    Args:
        storage: where the input file lies.
        path: of its contents.
        endpoint: that all lines ask for.
        index: where they begin.
    """

    def __init__(self, storage: Storage, path: str, *, endpoint: str, index: LineIndex) -> None:
        self._storage = storage
        self._path = path
        self._endpoint = endpoint
        self._index = index
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._index)

    async def read(self, place: int) -> Line:
        """See `Lines.read`."""
        begin = int(self._index.offset[place])
        data = await self._bytes(begin, int(self._index.num_bytes[place]))
        raw = RawLine(number=int(self._index.number[place]), offset=begin, data=data)
        line = parse_line(raw, endpoint=self._endpoint)
        if isinstance(line, BatchFault):
            raise StorageError(
                f"line {raw.number} of {self._path!r} is not what it was when the batch was "
                f"validated: {line.message}"
            )
        return line

    async def _bytes(self, begin: int, length: int) -> bytes:
        first, last = begin // _BLOCK_BYTES, (begin + length - 1) // _BLOCK_BYTES
        if last - first > 1:
            return await self._storage.read_range(self._path, start=begin, length=length)
        data = b"".join([await self._block(number) for number in range(first, last + 1)])
        start = begin - first * _BLOCK_BYTES
        return data[start : start + length]

    async def _block(self, number: int) -> bytes:
        found = self._blocks.pop(number, None)
        if found is None:
            found = await self._storage.read_range(
                self._path, start=number * _BLOCK_BYTES, length=_BLOCK_BYTES
            )
        self._blocks[number] = found
        while len(self._blocks) > _NUM_BLOCKS:
            self._blocks.popitem(last=False)
        return found
