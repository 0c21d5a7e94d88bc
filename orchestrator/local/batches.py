"""Batches in this process: what `service.batch_runner` is to a service's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from orchestrator.api.inside import InsideEndpoint
from orchestrator.batch.executor import PlannedExecutor, Plans
from orchestrator.batch.files import Files
from orchestrator.batch.held import HeldDispatch
from orchestrator.batch.office import BatchOffice
from orchestrator.batch.pace_file import PaceFile
from orchestrator.batch.paces import Paces
from orchestrator.batch.planning import expert_costs, planned_slots
from orchestrator.batch.storage_folder import FolderStorage
from orchestrator.batch.surroundings import Surroundings
from orchestrator.compositions.outline import outlined
from orchestrator.compositions.programs import Programs
from orchestrator.engines.sighting import Residency
from orchestrator.local.asgi import Application
from orchestrator.planner.arrival import arrival_order
from orchestrator.planner.planner import planned
from orchestrator.service.oversight import Oversight

#: Longest time of one line: its calls wait for their runs, so only the batch's window bounds it.
_LINE_S = 30 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What lines are answered with."""

    #: Answers lines, by way of `held`.
    application: Application
    held: HeldDispatch
    live: Callable[[], Programs]
    oversight: Oversight


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBatches:
    """Who keeps batches, and where contents of their files lie."""

    office: BatchOffice
    storage: FolderStorage


@asynccontextmanager
async def keeping(inside: Inside, folder: Path) -> AsyncIterator[KeptBatches]:
    """Keep batches in a folder; those that had not ended go on.

    Raises:
        StorageError: the folder cannot be read.
    """
    storage = FolderStorage(folder)
    file = PaceFile(storage)
    paces = await file.load()
    endpoint = InsideEndpoint(
        inside.application,
        inside.live,
        outline=partial(outlined, lengths=paces.mean_output_tokens),
        timeout_s=_LINE_S,
    )
    office = BatchOffice(
        storage=storage,
        files=Files(storage, clock=time.time),
        endpoint=endpoint,
        executor=PlannedExecutor(
            endpoint,
            held=inside.held,
            lookout=LocalLookout(inside, paces),
            plans=Plans(
                planned=planned, arrival=arrival_order, hasty=partial(planned, num_tries=0)
            ),
            paces=paces,
        ),
        clock=time.time,
    )
    await office.start()
    learning = asyncio.create_task(file.keep(paces))
    try:
        yield KeptBatches(office=office, storage=storage)
    finally:
        learning.cancel()
        await office.close()
        await file.save(paces)


class LocalLookout:
    """A `Lookout` that asks the slots.

    Args:
        inside: has who sees them, and what is live.
        paces: what was learned of calls.
    """

    def __init__(self, inside: Inside, paces: Paces) -> None:
        self._inside = inside
        self._paces = paces

    async def look(self) -> Surroundings:
        """See `Lookout.look`."""
        live = self._inside.live()
        residency: Residency = await self._inside.oversight.residency()
        return Surroundings(
            slots=planned_slots(residency, live.registry),
            costs=expert_costs(residency, live.registry, self._paces),
            generation=live.generation,
        )
