"""Which requests repeat an earlier one: who answers a key now, and the answer once there is one.

Time is a parameter: the Unix time of whoever asks. A lease that has ended is as good as none, so
that a key whose owner died is free again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

#: Bytes of answers that are kept in all; beyond it those that would end first go.
MAX_BYTES = 256 * 1024 * 1024

Outcome = Literal["yours", "under_way", "answered", "differs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What claiming a key came to.

    `yours`: answer it, then keep or release. `under_way`: somebody answers it now. `answered`:
    here is the reply. `differs`: the key stands for another request.
    """

    outcome: Outcome
    reply: bytes | None = None


class Repeats(Protocol):
    """Keys of requests. Every method raises `StoreError` when the store is away."""

    async def claim(
        self, key: str, *, owner: str, fingerprint: str, now_s: float, lease_s: float
    ) -> Claim:
        """Take a key to answer its request, unless somebody has; atomic among all.

        Args:
            key: whose and which.
            owner: of this try, unique.
            fingerprint: of what is asked.
            now_s: Unix time.
            lease_s: how long the key is this owner's, unless it is renewed.
        """
        ...

    async def renew(self, key: str, *, owner: str, now_s: float, lease_s: float) -> bool:
        """Hold a key for longer; whether it was still this owner's."""
        ...

    async def keep(
        self, key: str, *, owner: str, reply: bytes, now_s: float, expires_s: float
    ) -> bool:
        """Keep the reply for `expires_s`; whether the key was still this owner's."""
        ...

    async def release(self, key: str, *, owner: str) -> None:
        """Let go of a key that was not answered; nothing where it is another one's by now."""
        ...
