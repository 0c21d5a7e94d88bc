"""An input file, line by line: its faults, or its lines and the calls they will make."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from time import monotonic

from orchestrator.batch.batch import BatchFault
from orchestrator.batch.custom_ids import CustomIds, repeated_fault
from orchestrator.batch.endpoint import Endpoint
from orchestrator.batch.fault_list import FaultList
from orchestrator.batch.input_lines import RawLine, read_lines
from orchestrator.batch.input_parsing import parse_line
from orchestrator.batch.line import Line
from orchestrator.batch.line_index import IndexedLines, LineIndexBuilder
from orchestrator.batch.settings import BatchSettings
from orchestrator.errors import OrchestratorError, RequestError
from orchestrator.planner.workload import PlannedCall, WorkloadBuilder

_LOG = logging.getLogger(__name__)
#: Others have their turn after, seconds.
_TURN_S = 0.01


class Validation:
    """One pass over a file.

    Args:
        url: the endpoint that all of its lines ask for.
        endpoint: says whether a body can be answered, and by which calls.
        settings: limits.
        is_again: whether its lines were found valid before: what has become invalid since, as by
            an edit of the registry, is for the endpoint to refuse line by line.
        owner: of the batch: whose terms bind its lines.
    """

    def __init__(
        self,
        url: str,
        endpoint: Endpoint,
        settings: BatchSettings,
        *,
        is_again: bool = False,
        owner: str = "",
    ) -> None:
        self._url = url
        self._endpoint = endpoint
        self._settings = settings
        self._is_again = is_again
        self._owner = owner
        self._faults = FaultList(max_told=settings.max_faults)
        self._ids = CustomIds()
        self._index = LineIndexBuilder()
        self._work = WorkloadBuilder()
        self._numbers_of_ids: list[int] = []
        self._num_lines = 0
        self._num_waits = 0
        self._turn_begun_s = monotonic()

    async def run(self, chunks: AsyncIterator[bytes]) -> IndexedLines | tuple[BatchFault, ...]:
        """Read the whole file.

        Returns:
            Its lines and their calls, or its faults, those of the first lines first.

        Raises:
            StorageError: it cannot be read now.
        """
        async for found in read_lines(chunks, max_line_bytes=self._settings.max_line_bytes):
            await self._take(found)
            await self._let_others()
        await self._check_whole()
        if len(self._faults):
            return self._faults.told()
        return IndexedLines(index=self._index.index(), workload=self._work.workload())

    async def _take(self, found: RawLine | BatchFault) -> None:
        self._num_lines += 1
        if isinstance(found, BatchFault):
            self._faults.add(found)
        elif self._num_lines <= self._settings.max_lines or self._is_again:
            await self._parse(found)

    async def _parse(self, raw: RawLine) -> None:
        line = parse_line(raw, endpoint=self._url)
        if isinstance(line, BatchFault):
            self._faults.add(line)
            return
        self._ids.add(line.custom_id)
        self._numbers_of_ids.append(raw.number)
        calls = await self._foreseen(line)
        if calls is not None:
            self._index.add(offset=raw.offset, num_bytes=raw.length, number=raw.number)
            self._work.add(calls)

    async def _foreseen(self, line: Line) -> tuple[PlannedCall, ...] | None:
        """The calls of a line; `None` where it is at fault.

        A service that cannot say now, as one that has just begun, is waited for; then the line goes
        on unforeseen, and is answered or refused like any other.
        """
        while True:
            try:
                return await self._endpoint.foresee(line, owner=self._owner)
            except OrchestratorError as error:
                if isinstance(error, RequestError) and not self._is_again:
                    self._faults.add(_fault_of(error, line))
                    return None
                if self._is_again or self._num_waits >= self._settings.max_foresee_waits:
                    return ()
                self._num_waits += 1
                _LOG.info("line %d cannot be foreseen now: %s", line.number, error)
                await asyncio.sleep(error.retry_after_s or self._settings.retry_s)

    async def _check_whole(self) -> None:
        limit = self._settings.max_lines
        if self._num_lines > limit and not self._is_again:
            self._faults.add(_too_many(self._num_lines, limit))
        if not self._num_lines:
            self._faults.add(
                BatchFault(code="empty_file", message="the file has no line that is not empty")
            )
        numbers = self._numbers_of_ids
        for place, first in await asyncio.to_thread(self._ids.repeated):
            fault = repeated_fault(line=numbers[place], first_line=numbers[first])
            self._faults.add(fault)

    async def _let_others(self) -> None:
        if monotonic() - self._turn_begun_s > _TURN_S:
            await asyncio.sleep(0)
            self._turn_begun_s = monotonic()


def _fault_of(error: RequestError, line: Line) -> BatchFault:
    param = f"body.{error.param}" if error.param else "body"
    return BatchFault(code=error.code, message=error.message, line=line.number, param=param)


def _too_many(num_lines: int, limit: int) -> BatchFault:
    return BatchFault(
        code="too_many_lines",
        message=f"the file has {num_lines} lines; at most {limit} are allowed: split it, or raise "
        "max_batch_lines",
    )
