"""An operator's wishes, carried out on a slot: begun once each, whoever hangs up meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Protocol

from orchestrator.errors import OrchestratorError
from orchestrator.events.telling import tell
from orchestrator.residency.clock import Clock
from orchestrator.residency.wishes import Granted, Wish

_LOG = logging.getLogger(__name__)


class Steered(Protocol):
    """What can be had of a slot; each raises `NotHostedError` for a key it does not host."""

    def load(self, key: str) -> Awaitable[None]:
        """Make an expert resident; returns when it is.

        Raises:
            SwapError: a step on the way failed.
            EngineDeadError: its engine died.
        """
        ...

    def unload(self, key: str) -> Awaitable[None]:
        """Have its engine step down once nobody waits for it; returns when it has."""
        ...

    def pin(self, key: str) -> None:
        """Keep an expert where it is, once it is there."""
        ...

    def unpin(self, key: str) -> None:
        """Keep it no longer."""
        ...


class Steering:
    """Carries wishes out on one slot.

    A load or unload belongs to the slot, not to who asked: a caller that hangs up leaves it
    running, and a second wish of the same kind joins it.

    Args:
        slot: its name.
        steered: the slot.
        clock: tells the time.
    """

    def __init__(self, slot: str, steered: Steered, *, clock: Clock) -> None:
        self._slot = slot
        self._steered = steered
        self._clock = clock
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def carry_out(self, wish: Wish) -> Granted:
        """Do what an operator wants, or begin it.

        Raises:
            NotHostedError: the slot does not host that definition of the expert.
            EngineError: a step on the way failed; only who waits is told, the log has it anyway.
        """
        began_s = self._clock.time()
        if wish.kind == "pin":
            self._steered.pin(wish.key)
            self._tell(wish, "done")
        elif wish.kind == "unpin":
            self._steered.unpin(wish.key)
            self._tell(wish, "done")
        else:
            task = self._task(wish)
            if not wish.waits:
                return Granted(slot=self._slot, outcome="begun", took_s=0.0)
            await asyncio.shield(task)
        return Granted(slot=self._slot, outcome="done", took_s=self._clock.time() - began_s)

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _task(self, wish: Wish) -> asyncio.Task[None]:
        known = self._tasks.get((wish.kind, wish.key))
        if known is not None:
            return known
        step = self._steered.load if wish.kind == "load" else self._steered.unload
        task = asyncio.ensure_future(_awaited(step(wish.key)))
        self._tasks[wish.kind, wish.key] = task
        task.add_done_callback(lambda ended: self._ended(wish, ended))
        return task

    def _ended(self, wish: Wish, task: asyncio.Task[None]) -> None:
        del self._tasks[wish.kind, wish.key]
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._tell(wish, "done")
        else:
            told = error.message if isinstance(error, OrchestratorError) else repr(error)
            self._tell(wish, "failed", reason=told)

    def _tell(self, wish: Wish, outcome: str, **more: str) -> None:
        level = logging.ERROR if outcome == "failed" else logging.INFO
        tell(
            _LOG,
            "wish",
            level,
            wish=wish.kind,
            slot=self._slot,
            expert=wish.key,
            outcome=outcome,
            **more,
        )


async def _awaited(step: Awaitable[None]) -> None:
    await step
