"""The first generation of a run: the registry file wins over what the last run left."""

from __future__ import annotations

from orchestrator.registry.edit import SoundEdit
from orchestrator.registry.generations import GenerationRecord, Generations


async def open_with(generations: Generations, file: SoundEdit) -> GenerationRecord:
    """Make what the file says live; where it is already, there is no new generation.

    To be called before any replica runs: nothing is prepared.

    Raises:
        ConflictError: another service with the same store does the same.
        StoreError: the store does not answer.
    """
    live = await generations.live()
    if live is not None and live.registry == file.registry:
        return live
    record = await generations.propose(
        file.registry,
        text=file.text,
        folder=file.edit.folder,
        source="start",
        file_sha256=file.edit.file_sha256,
    )
    await generations.flip(record.number, expected=None if live is None else live.number)
    return record
