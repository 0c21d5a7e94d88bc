"""Keys for tests: issued into a store in memory, and the keyring over it."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.access.issued_keys import IssuedKeys
from orchestrator.access.keys import KeyWish, digest_of, issued
from orchestrator.access.terms import Terms
from orchestrator.store.keys import StoredKey
from orchestrator.store.memory_keys import MemoryKeys

ADMIN_KEY = "the-admin-key-of-this-test-service"
NOW_S = 2_000_000_000.0


@dataclass
class Clock:
    """A wall clock that stands until it is moved."""

    now_s: float = NOW_S

    def __call__(self) -> float:
        return self.now_s


@dataclass(kw_only=True)
class Keys:
    """A store of keys and any number of keyrings over it."""

    records: MemoryKeys = field(default_factory=MemoryKeys)
    clock: Clock = field(default_factory=Clock)

    def ring(self) -> IssuedKeys:
        return IssuedKeys(self.records, admin_digest=digest_of(ADMIN_KEY), clock=self.clock)

    async def issue(
        self, name: str = "ann", *, is_admin: bool = False, expires_s: float | None = None, **terms
    ) -> tuple[StoredKey, str]:
        """A new key, and the header that presents it."""
        wish = KeyWish(name=name, is_admin=is_admin, expires_s=expires_s, terms=Terms(**terms))
        made = issued(wish, now_s=self.clock())
        assert await self.records.put(made.key)
        return made.key, f"Bearer {made.secret}"


def bearer(header: str) -> dict[str, str]:
    return {"authorization": header}


ADMIN = bearer(f"Bearer {ADMIN_KEY}")
