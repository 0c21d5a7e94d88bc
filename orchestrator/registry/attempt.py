"""One generation on its way: prepared everywhere, then live or given up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from orchestrator.errors import ConflictError, OrchestratorError, RegistryError, StoreError
from orchestrator.registry.generations import GenerationRecord, Generations
from orchestrator.registry.journal import Journal
from orchestrator.registry.participants import Participants

_LOG = logging.getLogger(__name__)

#: Between two tries at a flip.
_RETRY_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long the parts of a rollout may take, seconds."""

    check_s: float = 60.0
    #: Engines start in it.
    prepare_s: float = 900.0
    #: How long a flip is tried again while the store is away: it may be restarting.
    flip_s: float = 15.0
    #: For the participants to take note of a flip, which has happened by then.
    note_s: float = 10.0


class Attempt:
    """A proposal and the task that carries it out; it goes on when nobody waits for it.

    Args:
        record: what is proposed.
        expected: the generation that is live.
        became_live: told at the moment of the flip.
        since_s: Unix time, seconds.
    """

    def __init__(
        self,
        record: GenerationRecord,
        *,
        expected: int | None,
        generations: Generations,
        participants: Participants,
        journal: Journal,
        limits: Limits,
        since_s: float,
        became_live: Callable[[GenerationRecord], Awaitable[None]],
    ) -> None:
        self.record = record
        self.since_s = since_s
        self._expected = expected
        self._generations = generations
        self._participants = participants
        self._journal = journal
        self._limits = limits
        self._became_live = became_live
        self._is_flipping = False
        self._task = asyncio.create_task(self._carry_out())

    @property
    def is_over(self) -> bool:
        """Whether it is live or given up."""
        return self._task.done()

    @property
    def has_lost_the_store(self) -> bool:
        """Whether it ended because the store was away; it may be live all the same."""
        return (
            self.is_over
            and not self._task.cancelled()
            and isinstance(self._task.result(), StoreError)
        )

    async def outcome(self) -> GenerationRecord:
        """Wait for its end; who stops waiting does not stop it.

        Raises:
            RegistryError: a replica cannot serve it, or not in time.
            ConflictError: a newer edit took its place.
            StoreError: the store went away at its flip.
        """
        await asyncio.wait([self._task])
        if self._task.cancelled():
            raise self._replaced()
        error = self._task.result()
        if error is not None:
            raise error
        return self.record

    async def give_up(self) -> None:
        """End it for a newer one; a flip that has begun is waited for instead."""
        if not self.is_over and not self._is_flipping:
            self._task.cancel()
        await asyncio.wait([self._task])
        if self._task.cancelled():
            self._journal.replaced(self.record)

    async def _carry_out(self) -> OrchestratorError | None:
        try:
            await self._prepare()
            self._is_flipping = True
            await self._flip()
        except (RegistryError, ConflictError, StoreError) as error:
            return self._failed(error)
        except Exception as error:  # noqa: BLE001 - logged, with its traceback
            # The outermost edge: nobody need be waiting for this task.
            _LOG.exception("generation %d met an unforeseen error", self.record.number)
            return self._failed(
                RegistryError(f"generation {self.record.number} was given up: {error!r}")
            )
        self._journal.live(self.record, since_s=self.since_s)
        return None

    def _failed(self, error: OrchestratorError) -> OrchestratorError:
        self._journal.failed(error, source=self.record.source, number=self.record.number)
        return error

    async def _prepare(self) -> None:
        try:
            async with asyncio.timeout(self._limits.prepare_s):
                await self._participants.prepare(self.record)
        except TimeoutError as exc:
            raise RegistryError(
                f"generation {self.record.number} was given up: not every replica was ready for "
                f"it in {self._limits.prepare_s:g} s{self._late()}"
            ) from exc

    def _late(self) -> str:
        waiting = self._participants.waiting_for()
        return "".join(f"; {replica}: {reason}" for replica, reason in waiting.items())

    async def _flip(self) -> None:
        until_s = time.monotonic() + self._limits.flip_s
        while True:
            try:
                await self._generations.flip(self.record.number, expected=self._expected)
            except StoreError:
                if time.monotonic() >= until_s:
                    raise
                await asyncio.sleep(_RETRY_S)
            else:
                await self._became_live(self.record)
                # Whoever is told that it is live gets it with the next request.
                return await self._participants.switched(self.record.number)

    def _replaced(self) -> ConflictError:
        return ConflictError(
            f"generation {self.record.number} was given up: a newer edit took its place"
        )
