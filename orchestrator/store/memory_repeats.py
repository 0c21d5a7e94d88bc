"""Keys of requests in memory: for tests, and for a service in one process."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.store.repeats import MAX_BYTES, Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    owner: str
    fingerprint: str
    ends_s: float
    reply: bytes | None = None


class MemoryRepeats:
    """`Repeats` for one process; gone with it.

    Args:
        max_bytes: of replies that are kept.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._by_key: dict[str, _Entry] = {}

    async def claim(
        self, key: str, *, owner: str, fingerprint: str, now_s: float, lease_s: float
    ) -> Claim:
        """See `Repeats.claim`."""
        for stale in [one for one, entry in self._by_key.items() if entry.ends_s <= now_s]:
            del self._by_key[stale]
        entry = self._by_key.get(key)
        if entry is None:
            self._by_key[key] = _Entry(owner=owner, fingerprint=fingerprint, ends_s=now_s + lease_s)
            return Claim(outcome="yours")
        if entry.fingerprint != fingerprint:
            return Claim(outcome="differs")
        if entry.reply is None:
            return Claim(outcome="under_way")
        return Claim(outcome="answered", reply=entry.reply)

    async def renew(self, key: str, *, owner: str, now_s: float, lease_s: float) -> bool:
        """See `Repeats.renew`."""
        entry = self._owned(key, owner)
        if entry is None:
            return False
        self._by_key[key] = replace(entry, ends_s=now_s + lease_s)
        return True

    async def keep(
        self, key: str, *, owner: str, reply: bytes, now_s: float, expires_s: float
    ) -> bool:
        """See `Repeats.keep`."""
        entry = self._owned(key, owner)
        if entry is None:
            return False
        self._by_key[key] = replace(entry, reply=reply, ends_s=now_s + expires_s)
        self._make_room()
        return True

    async def release(self, key: str, *, owner: str) -> None:
        """See `Repeats.release`."""
        if self._owned(key, owner) is not None:
            del self._by_key[key]

    def _owned(self, key: str, owner: str) -> _Entry | None:
        entry = self._by_key.get(key)
        is_own = entry is not None and entry.owner == owner and entry.reply is None
        return entry if is_own else None

    def _make_room(self) -> None:
        kept = {key: len(one.reply) for key, one in self._by_key.items() if one.reply is not None}
        over = sum(kept.values()) - self._max_bytes
        for key in sorted(kept, key=lambda one: self._by_key[one].ends_s):
            if over <= 0:
                return
            over -= kept[key]
            del self._by_key[key]
