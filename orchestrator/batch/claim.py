"""Which office runs the batches of a storage: the last that said so.

Two may overlap, as when a process that was thought dead goes on. Results never suffer by it, each
line's first one counts; the claim keeps the one of before from moving batches any further.
"""

from __future__ import annotations

import secrets
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.batch import places
from orchestrator.batch.storage import Storage
from orchestrator.errors import ConflictError, NotStoredError


class Claimed(BaseModel):
    """Stored: who claimed last."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    epoch: int
    token: str


class Claim:
    """The claim of one office.

    Args:
        storage: what is claimed.
        claimed: as it was stored.
    """

    def __init__(self, storage: Storage, claimed: Claimed) -> None:
        self._storage = storage
        self._claimed = claimed

    @property
    def name(self) -> str:
        """Of this office, in names of objects; no other has it."""
        return f"{self._claimed.epoch:06d}-{self._claimed.token}"

    async def check(self) -> None:
        """Make sure that no other office has come since.

        Raises:
            ConflictError: one has; this one is to let go.
        """
        found = await _stored(self._storage)
        if found is not None and found.token != self._claimed.token:
            raise ConflictError(
                f"batches are run by office {found.epoch}, which came after this one, "
                f"{self._claimed.epoch}: it goes on with them"
            )


async def claimed(storage: Storage) -> Claim:
    """Claim the batches of a storage; whoever held them lets go.

    Raises:
        StorageError: it does not answer.
    """
    before = await _stored(storage)
    epoch = before.epoch + 1 if before else 1
    mine = Claimed(epoch=epoch, token=secrets.token_hex(4))
    await storage.write(places.CLAIM, mine.model_dump_json().encode())
    return Claim(storage, mine)


async def _stored(storage: Storage) -> Claimed | None:
    """The last claim; a damaged one is as none."""
    try:
        return Claimed.model_validate_json(await storage.read(places.CLAIM))
    except (NotStoredError, ValidationError):
        return None
