"""The keyring of a service that asks for keys: all of them in memory, as the store has them."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from orchestrator.access.caller import ADMIN, Caller
from orchestrator.access.keys import caller_of_key, digest_of, require_usable
from orchestrator.access.presented import secret_of
from orchestrator.errors import StoreError, UnauthenticatedError
from orchestrator.store.keys import KeyRecords, StoredKey

_LOG = logging.getLogger(__name__)

#: After the store was found to be away, a key that is not known is not looked for, seconds.
_AWAY_S = 0.5
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """All keys as they were at one revision."""

    revision: str
    key_by_digest: dict[str, StoredKey] = field(default_factory=dict)
    key_by_id: dict[str, StoredKey] = field(default_factory=dict)
    caller_by_id: dict[str, Caller] = field(default_factory=dict)


class IssuedKeys:
    """A `Keyring` over the keys that operators have issued.

    A request costs a digest and two look-ups. What changes is seen by `look`, which whoever runs
    this calls at every hint and every second; a secret that is not known has it look at once, so
    that a new key works everywhere as soon as it was told. While the store is away, those who were
    known stay known, and keys still expire.

    Args:
        records: where keys are kept.
        admin_digest: of the admin key in the settings.
        clock: Unix time, seconds.
    """

    def __init__(
        self,
        records: KeyRecords,
        *,
        admin_digest: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._admin_digest = admin_digest
        self._clock = clock
        self._known: _Known | None = None
        self._one_at_a_time = asyncio.Lock()
        self._looking: asyncio.Task[StoreError | None] | None = None
        self._away: tuple[float, StoreError] | None = None
        #: Key id -> the last day of its use, in days since 1970, here and as yet untold.
        self._day_by_id: dict[str, int] = {}
        self._untold_days: dict[str, int] = {}

    @property
    def is_read(self) -> bool:
        """Whether the store was ever read: before that nobody but the admin key is known."""
        return self._known is not None

    async def caller_of(self, presented: str | None) -> Caller:
        """See `Keyring.caller_of`."""
        digest = digest_of(secret_of(presented))
        if hmac.compare_digest(digest, self._admin_digest):
            return ADMIN
        known = self._known
        key = None if known is None else known.key_by_digest.get(digest)
        if key is None:
            known = await self._seen_anew()
            key = known.key_by_digest.get(digest)
        if key is None:
            raise UnauthenticatedError(
                "the key in 'authorization' is none of this service; it may have been removed: "
                "ask the operator for another one"
            )
        assert known is not None
        return self._caller(known, key, digest)

    async def caller_of_owner(self, owner: str) -> Caller:
        """See `Keyring.caller_of_owner`."""
        if owner == ADMIN.owner:
            return ADMIN
        known = self._known
        key = None if known is None else known.key_by_id.get(owner)
        if key is None and (known is None or owner.startswith("key-")):
            known = await self._seen_anew()  # it may have been made a moment ago
            key = known.key_by_id.get(owner)
        if key is None:
            raise UnauthenticatedError(
                f"the key {owner!r} that this batch was made with has been removed"
                if owner.startswith("key-")
                else "this batch was made with no key of this service, which asks for one by now"
            )
        assert known is not None
        return self._caller(known, key, None)

    async def look(self) -> None:
        """See what changed in the store, and tell it which keys were used.

        Raises:
            StoreError: it is away; what was known stays known.
        """
        async with self._one_at_a_time:  # of two at once the older could end later
            try:
                revision = await self._records.revision()
                if self._known is None or revision != self._known.revision:
                    self._known = _known(revision, await self._records.every())
                self._away = None
            except StoreError as exc:
                self._away = (self._clock(), exc)
                raise
            await self._tell_days()

    def _caller(self, known: _Known, key: StoredKey, digest: str | None) -> Caller:
        now_s = self._clock()
        require_usable(key, digest=digest, now_s=now_s)
        caller = known.caller_by_id.get(key.id)
        if caller is None:
            caller = known.caller_by_id[key.id] = caller_of_key(key)
        self._note_use(key.id, now_s)
        return caller

    def _note_use(self, key_id: str, now_s: float) -> None:
        day = int(now_s // _DAY_S)
        if self._day_by_id.get(key_id) != day:
            self._day_by_id[key_id] = self._untold_days[key_id] = day

    async def _tell_days(self) -> None:
        """Once a key and day; what cannot be told now is told at the next look."""
        for key_id, day in list(self._untold_days.items()):
            said = datetime.fromtimestamp(day * _DAY_S, tz=UTC).date().isoformat()
            await self._records.note_use(key_id, said)
            del self._untold_days[key_id]

    async def _seen_anew(self) -> _Known:
        """What is known after a look that began after now.

        Raises:
            StoreError: the store is away.
        """
        if self._away is not None and 0 <= self._clock() - self._away[0] < _AWAY_S:
            raise _unreadable(self._away[1])
        if (under_way := self._looking) is not None and not under_way.done():
            await asyncio.wait([under_way])  # it may have begun before the key was there
        # All who waited share the next one: guesses cost the store one look at a time.
        if self._looking is None or self._looking is under_way:
            self._looking = asyncio.create_task(self._looked())
        error = await asyncio.shield(self._looking)
        if error is not None:
            raise _unreadable(error) from error
        assert self._known is not None
        return self._known

    async def _looked(self) -> StoreError | None:
        try:
            await self.look()
        except StoreError as exc:
            return exc
        return None


def _known(revision: str, keys: list[StoredKey]) -> _Known:
    by_digest = {key.former_digest: key for key in keys if key.former_digest is not None}
    return _Known(
        revision=revision,
        key_by_digest=by_digest | {key.digest: key for key in keys},
        key_by_id={key.id: key for key in keys},
    )


def _unreadable(cause: StoreError) -> StoreError:
    return StoreError(
        f"keys cannot be read now, and this one was not seen before: {cause.message}",
        retry_after_s=cause.retry_after_s or 1.0,
    )
