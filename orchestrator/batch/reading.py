"""The lines of a batch and their calls: from its input file, or from what was kept of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from orchestrator.batch import places
from orchestrator.batch.batch import Batch, BatchFault
from orchestrator.batch.executing import Lines
from orchestrator.batch.files import contents_of
from orchestrator.batch.life_parts import LifeParts
from orchestrator.batch.line_index import IndexedLines, packed, unpacked
from orchestrator.batch.stored_lines import StoredLines
from orchestrator.batch.validating import Validation
from orchestrator.errors import NotStoredError, StorageError
from orchestrator.planner.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known of a valid file."""

    lines: Lines
    workload: Workload


async def read_through(batch: Batch, parts: LifeParts) -> Reading | tuple[BatchFault, ...]:
    """Validate the input file of a batch, and keep what is to be known of it later.

    Raises:
        StorageError: it cannot be read, or that cannot be kept, now.
    """
    found = await _validated(batch, parts, is_again=False)
    return await _kept(batch, parts, found) if isinstance(found, IndexedLines) else found


async def read_again(batch: Batch, parts: LifeParts) -> Reading:
    """The same of a batch that was validated before, by an earlier process too.

    Raises:
        StorageError: neither what was kept nor the file itself can be read now.
    """
    try:
        known = unpacked(await parts.storage.read(places.index(batch.id)))
    except NotStoredError:
        known = None
    if known is not None:
        return _reading(batch, parts, known)
    found = await _validated(batch, parts, is_again=True)
    if not isinstance(found, IndexedLines):
        raise StorageError(
            f"the input file {batch.input_file_id!r} of batch {batch.id!r} is no longer what it "
            f"was: {found[0]}"
        )
    return await _kept(batch, parts, found)


async def _validated(
    batch: Batch, parts: LifeParts, *, is_again: bool
) -> IndexedLines | tuple[BatchFault, ...]:
    validation = Validation(
        batch.endpoint, parts.endpoint, parts.settings, is_again=is_again, owner=batch.owner
    )
    try:
        return await validation.run(parts.storage.stream(contents_of(batch.input_file_id)))
    except NotStoredError:
        message = f"the contents of file {batch.input_file_id!r} are gone"
        return (BatchFault(code="file_not_found", message=message, param="input_file_id"),)


async def _kept(batch: Batch, parts: LifeParts, found: IndexedLines) -> Reading:
    # A million lines take seconds.
    data = await asyncio.to_thread(packed, found)
    await parts.storage.write(places.index(batch.id), data)
    return _reading(batch, parts, found)


def _reading(batch: Batch, parts: LifeParts, known: IndexedLines) -> Reading:
    path = contents_of(batch.input_file_id)
    lines = StoredLines(parts.storage, path, endpoint=batch.endpoint, index=known.index)
    return Reading(lines=lines, workload=known.workload)
