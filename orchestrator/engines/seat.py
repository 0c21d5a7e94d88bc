"""A host's place in a slot: the effects its loop acts through, with metrics and log lines."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable

from orchestrator import metrics
from orchestrator.engines.host import Host
from orchestrator.errors import EngineDeadError, OrchestratorError, SwapError
from orchestrator.registry.models import Expert
from orchestrator.residency.policy import Ticket

_LOG = logging.getLogger(__name__)

#: Gives a live host in place of a dead one; raises `EngineDeadError` when it cannot.
Revive = Callable[[Host], Awaitable[Host]]


class Seat:
    """`residency.effects.Effects` on one host.

    The loop knows experts by `Expert.key`, so that a changed expert is swapped in like any other.

    Args:
        slot: the slot's name, for metrics and the log.
        host: the engine that sits here.
        resident: key of the expert whose weights it holds, `None` where that is not certain.
        revive: replaces a dead host; without it a dead host stays dead.
        on_queue: told when the queue's length may have changed.
    """

    def __init__(
        self,
        slot: str,
        host: Host,
        *,
        resident: str | None,
        revive: Revive | None,
        on_queue: Callable[[], None],
    ) -> None:
        self.host = host
        #: Seconds the last swap took, `None` before the first.
        self.last_swap_s: float | None = None
        self._slot = slot
        self._queue_wait_s = metrics.QUEUE_WAIT_SECONDS.labels(slot)
        self._revive = revive
        self._on_queue = on_queue
        self._expert_by_key: dict[str, Expert] = {}
        self._key = resident

    @property
    def resident(self) -> str | None:
        """Key of the expert whose weights the host holds, `None` while that is not certain."""
        return None if self.host.resident is None else self._key

    def learn(self, key: str, expert: Expert) -> None:
        """Take note of what `key` stands for."""
        self._expert_by_key[key] = expert

    def knows(self, key: str) -> bool:
        """Whether `key` can be swapped to."""
        return key in self._expert_by_key

    def forget_all_but(self, keys: Iterable[str]) -> None:
        """Drop every other key."""
        kept = set(keys)
        self._expert_by_key = {k: e for k, e in self._expert_by_key.items() if k in kept}

    async def swap(self, expert: str) -> None:
        """See `Effects.swap`."""
        self._key = None  # after a failure the next call swaps, whatever the host holds then
        try:
            await self.host.become(self._expert_by_key[expert])
        except SwapError:
            await self.host.check()
            raise
        self._key = expert

    async def restart(self) -> None:
        """See `Effects.restart`."""
        if self._revive is None:
            raise EngineDeadError(f"slot {self._slot!r}: its engine died and cannot be restarted")
        self._key = None
        self.host = await self._revive(self.host)

    def queued(self, num_waiting: int) -> None:
        """See `Effects.queued`."""
        del num_waiting  # the gauge is the slot's: the sum over its hosts
        self._on_queue()

    def admitted(self, ticket: Ticket, *, waited_s: float) -> None:
        """See `Effects.admitted`."""
        del ticket
        self._queue_wait_s.observe(waited_s)

    def swapped(self, expert: str, *, took_s: float, error: OrchestratorError | None) -> None:
        """See `Effects.swapped`."""
        outcome = "ok" if error is None else error.code
        metrics.SWAPS.labels(self._slot, "sibling", outcome).inc()
        if error is None:
            self.last_swap_s = took_s
            metrics.SWAP_SECONDS.labels(self._slot, "sibling").observe(took_s)
            _LOG.info("slot %s: expert %r is resident after %.3f s", self._slot, expert, took_s)
        else:
            _LOG.error("slot %s: swap to expert %r failed: %s", self._slot, expert, error)

    def died(self, error: OrchestratorError) -> None:
        """See `Effects.died`."""
        _LOG.error("slot %s: its engine died, restarting it: %s", self._slot, error)

    def restarted(self, error: OrchestratorError | None) -> None:
        """See `Effects.restarted`."""
        if error is None:
            _LOG.warning(
                "slot %s: its engine is back with expert %r", self._slot, self.host.resident
            )
        else:
            _LOG.error("slot %s: its engine stays dead: %s", self._slot, error)
