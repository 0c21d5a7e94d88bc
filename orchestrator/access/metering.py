"""What callers take over many requests: the port that the endpoint asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from orchestrator.access.caller import Caller
from orchestrator.compositions.ledger import Allowance


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How much is left of one of a caller's limits."""

    kind: Literal["requests", "tokens"]
    limit: int
    remaining: int
    #: Seconds until all of it is there again.
    resets_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one expert took of a request."""

    expert: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one request came to, for the books; the allowance has charged for its calls already."""

    endpoint: str
    #: What the caller named, as far as it is known here, and the expert that answered.
    model: str
    expert: str | None
    composition: str | None
    batch: str | None
    status: int
    #: What each expert took, those that did not answer the caller as well.
    parts: Sequence[Part] = ()


class Admission(Protocol):
    """One request on its way in, and once it is in."""

    @property
    def allowance(self) -> Allowance | None:
        """What its calls may spend; `None` has no bound. The first call lets the request in."""
        ...

    @property
    def standings(self) -> Sequence[Standing]:
        """What is left of the limits that are counted, for headers."""
        ...

    async def enter(self) -> None:
        """Let the request in, where it is not.

        Raises:
            RateLimitedError: too many at a time, or in this minute.
            StoreError: what is left cannot be read now, and something is bounded.
        """
        ...

    def end(self, charge: Charge) -> None:
        """The request has ended, however it did; called once."""
        ...


class Meters(Protocol):
    """Counts what callers take, exactly, over every process that answers."""

    def admission(self, caller: Caller, *, is_background: bool) -> Admission:
        """A request that wants in; nothing is counted yet.

        Args:
            caller: who asks.
            is_background: a line of a batch: neither requests a minute nor requests at a time
                bind it, all else does; it waits for what time brings.
        """
        ...

    def held_up(self, key_id: str) -> str | None:
        """Why lines of batches of this key wait here now; `None` where none does."""
        ...

    async def forget(self, key_id: str) -> None:
        """Forget what was counted of a key that has ended.

        Raises:
            StoreError: it cannot be forgotten now.
        """
        ...
