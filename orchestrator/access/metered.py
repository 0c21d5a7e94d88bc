"""Lets requests in and charges for their calls, by one store for every process that answers.

One question to the store does all: the first call of a request that is bound in what it spends
takes its place among the requests as well. A process renews the leases of its requests; those of
one that was killed end by themselves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from math import ceil
from uuid import uuid4

from orchestrator import metrics
from orchestrator.access.books import Books
from orchestrator.access.bounding import binds_spend, bounds_of, nano_usd, standings_of
from orchestrator.access.caller import Caller
from orchestrator.access.metering import Charge, Standing
from orchestrator.access.refusing import refusal
from orchestrator.access.settling import Settling
from orchestrator.compositions.ledger import Spend
from orchestrator.errors import OrchestratorError, RateLimitedError, StoreError
from orchestrator.store.ending import ended
from orchestrator.store.meters import (
    LEASE_S,
    Bounds,
    MeterStore,
    Settlement,
    Taken,
    Wish,
)

_LOG = logging.getLogger(__name__)

#: Longest pause of a line of a batch between two looks whether its key may go on, seconds.
_PATIENCE_S = 10.0
#: Its pause while the store is away.
_AGAIN_S = 1.0

Pause = Callable[[float], Awaitable[None]]


class Metered:
    """`Meters` over a store.

    Args:
        store: where is counted.
        books: where is kept what everybody used; without, it is not.
        pause: waits for so many seconds.
    """

    def __init__(
        self, store: MeterStore, *, books: Books | None = None, pause: Pause = asyncio.sleep
    ) -> None:
        self._store = store
        self.books = books
        self.pause = pause
        self.settling = Settling(store)
        self._leases: dict[str, set[str]] = {}
        self._renewing: asyncio.Task[None] | None = None
        #: Key -> why its lines wait, once for each that does.
        self._waiting: dict[str, list[str]] = {}

    def admission(self, caller: Caller, *, is_background: bool) -> Request:
        """See `Meters.admission`."""
        return Request(self, caller, is_background=is_background)

    def held_up(self, key_id: str) -> str | None:
        """See `Meters.held_up`."""
        reasons = self._waiting.get(key_id)
        return reasons[-1] if reasons else None

    async def wait(self, key_id: str, pause_s: float, why: str) -> None:
        """Have a line wait, and say why meanwhile."""
        reasons = self._waiting.setdefault(key_id, [])
        reasons.append(why)
        try:
            await self.pause(pause_s)
        finally:
            reasons.remove(why)
            if not reasons:
                self._waiting.pop(key_id, None)

    async def forget(self, key_id: str) -> None:
        """See `Meters.forget`; what is settled afterwards finds nothing."""
        await self._store.forget(key_id)

    async def take(self, caller: Caller, bounds: Bounds, wish: Wish) -> Taken:
        """Take what is wished for; whoever stops waiting gives it back.

        Raises:
            StoreError: it cannot be counted now.
        """
        try:
            taken = await self._taken(caller.key_id, bounds, wish)
        except (asyncio.CancelledError, StoreError):
            self.give_back(caller, wish)  # it may have been taken all the same
            raise
        if taken.refused is None and wish.lease:
            self._keep(caller.key_id, wish.lease)
        return taken

    def give_back(self, caller: Caller, wish: Wish) -> None:
        """Nothing came of what was taken."""
        if wish.hold or wish.lease:
            self.settling.put(Settlement(key_id=caller.key_id, hold=wish.hold, lease=wish.lease))

    def end(self, caller: Caller, lease: str) -> None:
        """A request is no longer under way."""
        names = self._leases.get(caller.key_id, set())
        names.discard(lease)
        if not names:
            self._leases.pop(caller.key_id, None)
        self.settling.put(Settlement(key_id=caller.key_id, lease=lease))

    async def close(self) -> None:
        """Write what is left to be written."""
        if self._renewing is not None:
            await ended([self._renewing])
        await self.settling.close()
        if self.books is not None:
            await self.books.close()

    async def _taken(self, key_id: str, bounds: Bounds, wish: Wish) -> Taken:
        taken = await self._store.take(key_id, bounds, wish)
        if taken.refused is not None and taken.refused != "requests":
            # What has ended lately gives room that may not be written yet.
            await self.settling.settled_everywhere()
            taken = await self._store.take(key_id, bounds, wish)
        return taken

    def _keep(self, key_id: str, lease: str) -> None:
        self._leases.setdefault(key_id, set()).add(lease)
        if self._renewing is None:
            self._renewing = asyncio.get_running_loop().create_task(self._renew())

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            leases = {key_id: list(names) for key_id, names in self._leases.items()}
            if not leases:
                continue
            try:
                await self._store.renew(leases)
            except StoreError as error:
                _LOG.warning("requests under way may be counted as ended: %s", error)


class Request:
    """One request of a caller: `Admission`, and the `Allowance` of its calls.

    Args:
        meters: where is counted.
        caller: who asks.
        is_background: see `Meters.admission`.
    """

    def __init__(self, meters: Metered, caller: Caller, *, is_background: bool) -> None:
        self._meters = meters
        self._caller = caller
        self._is_background = is_background
        terms = caller.terms
        self._is_spend_bound = binds_spend(terms)
        self._bounds = bounds_of(terms, is_background=is_background)
        self._lease = "" if self._bounds.concurrent is None else uuid4().hex
        self._is_in = self._bounds.requests is None and not self._lease
        self._holds: dict[Spend, list[str]] = {}
        self._entering = asyncio.Lock()
        self._refused: OrchestratorError | None = None
        self.standings: tuple[Standing, ...] = ()

    @property
    def allowance(self) -> Request | None:
        """See `Admission.allowance`."""
        return self if self._is_spend_bound else None

    @property
    def refused(self) -> OrchestratorError | None:
        """Why the request was not let in, or a call of it was not."""
        return self._refused

    async def enter(self) -> None:
        """See `Admission.enter`."""
        if not self._is_in:
            async with self._entering:
                if not self._is_in:
                    await self._take(Wish(requests=1, lease=self._lease))
                    self._is_in = True

    async def reserve(self, most: Spend) -> None:
        """See `Allowance.reserve`."""
        granted = await (self._take(_held(most)) if self._is_in else self._take_first(most))
        self._holds.setdefault(most, []).append(granted.hold)

    def settle(self, most: Spend, took: Spend) -> None:
        """See `Allowance.settle`."""
        names = self._holds[most]
        hold = names.pop()
        if not names:
            del self._holds[most]
        self._meters.settling.put(
            Settlement(
                key_id=self._caller.key_id,
                hold=hold,
                tokens=ceil(took.tokens),
                nano_usd=nano_usd(took.price_usd),
            )
        )

    def end(self, charge: Charge) -> None:
        """See `Admission.end`."""
        if self._lease and self._is_in:
            self._meters.end(self._caller, self._lease)
        if self._meters.books is not None:
            self._meters.books.add(self._caller, charge)

    async def _take_first(self, most: Spend) -> Wish:
        """With the first call the request enters; others that begin beside it wait for that."""
        async with self._entering:
            if not self._is_in:
                granted = await self._take(_held(most, requests=1, lease=self._lease))
                self._is_in = True
                return granted
        return await self._take(_held(most))

    async def _take(self, wish: Wish) -> Wish:
        """Take what is wished for; returns the wish as it was granted."""
        if not self._is_in and isinstance(self._refused, RateLimitedError | StoreError):
            raise self._refused  # calls of one request that begin together
        try:
            wish, taken = await self._asked(wish)
        except StoreError as error:
            self._refused = error
            raise
        self.standings = standings_of(taken, self._bounds) or self.standings
        if taken.refused is not None:
            metrics.METER_REFUSALS.labels(taken.refused).inc()
            self._refused = refusal(taken, wish, self._caller)
            raise self._refused
        return wish

    async def _asked(self, wish: Wish) -> tuple[Wish, Taken]:
        """Nobody waits for a line of a batch, so it waits for its minute and for the store."""
        while True:
            try:
                taken = await self._meters.take(self._caller, self._bounds, wish)
            except StoreError as error:
                if not self._is_background:
                    raise
                # What may have been taken is given back by its name: the next try has another.
                wish, pause_s = replace(wish, hold=uuid4().hex), _AGAIN_S
                why = f"its key's limits cannot be counted while the store is away: {error.message}"
            else:
                retry_ms = taken.retry_ms
                if not self._is_background or taken.refused != "tokens" or retry_ms is None:
                    return wish, taken
                pause_s = min(retry_ms / 1000, _PATIENCE_S)
                why = f"its key has used its {self._bounds.tokens} tokens of this minute"
            await self._meters.wait(self._caller.key_id, pause_s, why)


def _held(most: Spend, *, requests: int = 0, lease: str = "") -> Wish:
    """The wish for what a call takes at its most."""
    return Wish(
        requests=requests,
        lease=lease,
        hold=uuid4().hex,
        tokens=ceil(most.tokens),
        nano_usd=nano_usd(most.price_usd),
    )
