"""Batches as they are stored: one small object each, replaced as a whole."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

import orjson
from pydantic import ValidationError

from orchestrator.batch import places
from orchestrator.batch.batch import Batch
from orchestrator.batch.storage import Storage
from orchestrator.errors import NotStoredError

#: Of a stored batch; a later one is left alone by this code.
VERSION = 1
_READ_AT_ONCE = 16

_LOG = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Found:
    """All that a storage holds."""

    batches: list[Batch] = field(default_factory=list)
    #: Why a batch is left alone, by its id.
    unreadable: dict[str, str] = field(default_factory=dict)


async def save(storage: Storage, batch: Batch) -> None:
    """Keep a batch as it stands, for good.

    Raises:
        StorageError: it cannot be stored now; it is as it was.
    """
    await storage.write(places.record(batch.id), batch.model_dump_json().encode())


async def load_all(storage: Storage) -> Found:
    """Every batch; one that cannot be read harms no other.

    Raises:
        StorageError: the storage does not answer.
    """
    found = Found()
    paths = [one.path for one in await storage.list(places.BATCHES)]
    ids = [path.split("/")[1] for path in paths if path.endswith("/batch.json")]
    for begin in range(0, len(ids), _READ_AT_ONCE):
        some = ids[begin : begin + _READ_AT_ONCE]
        for batch_id, seen in zip(
            some, await asyncio.gather(*(_load(storage, one) for one in some)), strict=True
        ):
            if isinstance(seen, Batch):
                found.batches.append(seen)
            elif seen is not None:
                _LOG.error("%s", seen)
                found.unreadable[batch_id] = seen
    return found


async def _load(storage: Storage, batch_id: str) -> Batch | str | None:
    """A batch, or why it is left alone; `None` where it has gone meanwhile."""
    try:
        data = await storage.read(places.record(batch_id))
        version = orjson.loads(data)["version"]
        if version > VERSION:
            return (
                f"batch {batch_id!r} has version {version} and is left alone; this software reads "
                f"up to {VERSION}: run the later one again"
            )
        return Batch.model_validate_json(data)
    except NotStoredError:
        return None
    except (ValidationError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        return f"batch {batch_id!r} is left alone, its record is damaged: {error}"
