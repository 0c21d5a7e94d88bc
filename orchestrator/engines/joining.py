"""Experts that join a lineage of a slot: what they need is here before calls are taken for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from orchestrator.engines import fetched
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.slot import Slot
from orchestrator.errors import OrchestratorError
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import Clock
from orchestrator.residency.limits import RETRY_S

_LOG = logging.getLogger(__name__)

#: Fetches and verifies what experts need; see `fetched.brought`.
Bring = Callable[[Sequence[Expert]], Awaitable[None]]


class Joining:
    """Assigns experts to the lineages of a slot.

    Those whose weights are a folder of this machine join at once. Others are fetched and verified
    first, since a swap or start that fetched would hold up all callers of the engine.

    Args:
        slot: where the lineages have seats.
        bring: fetches and verifies.
        clock: tells when what failed is tried again.
    """

    def __init__(self, slot: Slot, bring: Bring, *, clock: Clock) -> None:
        self._slot = slot
        self._bring = bring
        self._clock = clock
        self._retry_at_s: dict[str, float] = {}
        self._wanted: dict[str, Lineage] = {}
        self._tasks: dict[str, asyncio.Future[None]] = {}
        #: Lineage -> why an expert of it could not join.
        self.troubles: dict[str, str] = {}

    def join(self, lineage: Lineage) -> None:
        """Take calls for exactly the experts of a lineage, once they can be taken."""
        self._wanted[lineage.id] = lineage
        self._forget_trouble(lineage.id)
        self._advance(lineage.id)

    def retry(self) -> None:
        """Try again what could not be had a while ago."""
        now_s = self._clock.time()
        for lineage_id in [one for one, at_s in self._retry_at_s.items() if at_s <= now_s]:
            self.join(self._wanted[lineage_id])

    def leave(self, lineage_id: str) -> None:
        """Take no more calls for a lineage."""
        self._wanted.pop(lineage_id, None)
        self._forget_trouble(lineage_id)
        self._slot.assign(lineage_id, ())

    def is_busy(self, lineage_id: str) -> bool:
        """Whether something is being fetched for this lineage."""
        return lineage_id in self._tasks

    @property
    def tasks(self) -> tuple[asyncio.Future[None], ...]:
        """What is being fetched."""
        return tuple(self._tasks.values())

    async def close(self) -> None:
        """Stop fetching."""
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    def _advance(self, lineage_id: str, *, brought: frozenset[str] = frozenset()) -> None:
        experts = self._wanted[lineage_id].experts
        here = self._slot.keys(lineage_id) | brought
        lacking = [one for one in experts if one.key not in here and fetched.needed([one])]
        keys = {one.key for one in lacking}
        self._slot.assign(lineage_id, [one for one in experts if one.key not in keys])
        if lacking and lineage_id not in self._tasks:
            task = asyncio.ensure_future(self._bring(lacking))
            self._tasks[lineage_id] = task
            task.add_done_callback(lambda done: self._brought(lineage_id, frozenset(keys), done))

    def _brought(self, lineage_id: str, keys: frozenset[str], done: asyncio.Future[None]) -> None:
        del self._tasks[lineage_id]
        if lineage_id not in self._wanted or done.cancelled():
            return
        error = done.exception()
        if error is None:
            self._advance(lineage_id, brought=keys)
            return
        told = error.message if isinstance(error, OrchestratorError) else repr(error)
        self.troubles[lineage_id] = told
        self._retry_at_s[lineage_id] = self._clock.time() + RETRY_S
        _LOG.error("lineage %s: an expert cannot join: %s", lineage_id, told)

    def _forget_trouble(self, lineage_id: str) -> None:
        self.troubles.pop(lineage_id, None)
        self._retry_at_s.pop(lineage_id, None)
