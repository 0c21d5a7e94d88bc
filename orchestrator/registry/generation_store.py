"""Generations on the store: the ledger under one key, each record under its own.

A number enters the ledger before its record is written and leaves it before its record is removed:
whoever is killed in between leaves at most a record that the next proposal removes.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from orchestrator.errors import StoreError
from orchestrator.registry.generations import GenerationRecord, GenerationSummary, Source
from orchestrator.registry.ledger import Ledger, flipped, not_kept, reserved, restored, summaries
from orchestrator.registry.models import Registry
from orchestrator.store.base import Store

_LOG = logging.getLogger(__name__)

M = TypeVar("M", bound=BaseModel)

_LEDGER = "registry:ledger"
_CHANNEL = "registry:changes"
#: Tries at a compare-and-set that others keep winning; each loss is another's success.
_MAX_TRIES = 50


class StoredGenerations:
    """`Generations` on a `Store`, for any number of processes.

    Args:
        store: where they are kept.
        clock: Unix time, seconds.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        #: What was live at the last look, and the record of it where it was read.
        self._live_number: int | None = None
        self._kept: GenerationRecord | None = None

    async def live(self) -> GenerationRecord | None:
        """See `Generations.live`."""
        while (number := await self.live_number()) is not None:
            record = await self._record(number)
            if record is not None:
                self._kept = record
                return record
            # Pruned between the two reads, so another is live; else it is lost.
            if await self.live_number() == number:
                raise StoreError(f"the store has lost the record of the live generation {number}")
        return None

    async def live_number(self) -> int | None:
        """See `Generations.live_number`."""
        return (await self._ledger())[0].live

    async def read(self, number: int) -> GenerationRecord:
        """See `Generations.read`."""
        record = await self._record(number)
        if record is None:
            raise not_kept((await self._ledger())[0], number)
        if number == await self.live_number():
            self._kept = record
        return record

    async def propose(
        self,
        registry: Registry,
        *,
        text: str,
        folder: str,
        source: Source,
        restores: int | None = None,
        file_sha256: str | None = None,
    ) -> GenerationRecord:
        """See `Generations.propose`."""
        for _ in range(_MAX_TRIES):
            ledger, raw = await self._ledger()
            record = GenerationRecord(
                number=ledger.last + 1,
                registry=registry,
                text=text,
                sha256=hashlib.sha256(text.encode()).hexdigest(),
                folder=folder,
                source=source,
                created_s=self._clock(),
                restores=restores,
                file_sha256=file_sha256,
            )
            await self._discard(ledger.discarded)
            if await self._swap(raw, reserved(ledger, record)):
                await self._store.set(_key(record.number), _bytes(record))
                await self._announce(record.number)
                return record
        raise _contended()

    async def flip(self, number: int, *, expected: int | None) -> None:
        """See `Generations.flip`."""
        for _ in range(_MAX_TRIES):
            ledger, raw = await self._ledger()
            if ledger.live == number:  # done, but the answer was lost
                await self._announce(number)
                return
            after = flipped(ledger, number, expected=expected)
            if await self._swap(raw, after):
                await self._announce(number)
                await self._tidy(after.discarded)
                return
        raise _contended()

    async def history(self) -> list[GenerationSummary]:
        """See `Generations.history`."""
        return summaries((await self._ledger())[0])

    async def changes(self) -> AsyncIterator[int]:
        """See `Generations.changes`."""
        async with self._store.subscribe(_CHANNEL) as messages:
            async for message in messages:
                yield int(message)

    async def _ledger(self) -> tuple[Ledger, bytes | None]:
        """The ledger, and its bytes to compare with."""
        raw = await self._store.get(_LEDGER)
        if raw is None and self._kept is not None and self._kept.number == self._live_number:
            raw = await self._restored(self._kept)
        if raw is None:
            return Ledger(), None
        ledger = _parsed(Ledger, raw, _LEDGER)
        self._live_number = ledger.live
        return ledger, raw

    async def _restored(self, record: GenerationRecord) -> bytes | None:
        """The ledger of a store that has lost it: what is live stays so, under its number.

        Else the next edit would get a number that replicas hold another registry under.
        """
        await self._store.set(_key(record.number), _bytes(record))
        raw = _bytes(restored(record))
        if await self._store.compare_and_set(_LEDGER, expected=None, value=raw):
            _LOG.error(
                "the store has lost its generations: %d, which is live, is stored again; "
                "what else was stored there (records, feedback, keys, earlier generations) is gone",
                record.number,
            )
        return await self._store.get(_LEDGER)

    async def _swap(self, raw: bytes | None, ledger: Ledger) -> bool:
        """Whether the ledger was replaced for sure; after a no, look at it again."""
        try:
            return await self._store.compare_and_set(_LEDGER, expected=raw, value=_bytes(ledger))
        except StoreError as exc:
            # It may have happened. A connection that died unnoticed ends like this too, so the
            # next look at the ledger says whether the store is away.
            _LOG.info("looking at the ledger again: %s", exc.message)
            return False

    async def _record(self, number: int) -> GenerationRecord | None:
        raw = await self._store.get(_key(number))
        return None if raw is None else _parsed(GenerationRecord, raw, _key(number))

    async def _announce(self, number: int) -> None:
        """Hint at a change that has happened; without the hint replicas see it a moment later."""
        try:
            await self._store.publish(_CHANNEL, str(number).encode())
        except StoreError as exc:
            _LOG.warning("generation %d is not announced: %s", number, exc.message)

    async def _tidy(self, numbers: Iterable[int]) -> None:
        """Free records after a flip, which has happened whether this succeeds or not."""
        try:
            await self._discard(numbers)
        except StoreError as exc:
            _LOG.warning("records stay until the next edit: %s", exc.message)

    async def _discard(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            await self._store.delete(_key(number))


def _key(number: int) -> str:
    return f"registry:generation:{number}"


def _bytes(value: BaseModel) -> bytes:
    return value.model_dump_json().encode()


def _parsed(kind: type[M], raw: bytes, key: str) -> M:
    """A stored value.

    Raises:
        StoreError: it is damaged, or of another version of the service.
    """
    try:
        return kind.model_validate_json(raw)
    except ValidationError as exc:
        fault = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the value"
        raise StoreError(
            f"the store's {key!r} is not what this version of the service reads: {where}: "
            f"{fault['msg']}; give this service a data folder or Redis of its own"
        ) from exc


def _contended() -> StoreError:
    return StoreError(
        f"the generations changed {_MAX_TRIES} times while one change was tried; try again",
        retry_after_s=1.0,
    )
