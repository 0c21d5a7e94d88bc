"""What is done for no call: experts that are brought up and engines that are sent to rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from orchestrator.errors import EngineError
from orchestrator.residency.places import Wishes
from orchestrator.residency.roster import Roster
from orchestrator.residency.turn import Turn

#: How long an expert whose callers were sent away is tried to be brought up, seconds: twice the
#: age at which whatever waits without a bound presses.
_PATIENCE_S = 120.0


class Errands:
    """Runs them on the queue of a slot, where they wait their turn like any call.

    Args:
        queue: lets one wait for an expert that is to be held for no time.
        engines: of the slot.
        advance: has what is next decided.
    """

    def __init__(
        self,
        queue: Callable[[str, Wishes], AbstractAsyncContextManager[Turn]],
        *,
        engines: Roster,
        advance: Callable[[], None],
    ) -> None:
        self._queue = queue
        self._engines = engines
        self._advance = advance
        self._moved = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def load(self, expert: str, *, timeout_s: float | None = None) -> None:
        """Bring `expert` up as a call for it would, and hold nothing; raises as `SlotLoop.turn`."""
        async with self._queue(expert, Wishes(timeout_s=timeout_s)) as turn:
            await turn.came()

    async def unload(self, expert: str) -> None:
        """Have engines that hold `expert` step down as far as they can, once nobody needs them.

        Returns when they have, or when somebody called them meanwhile.
        """
        books = self._engines.holding(expert)
        for book in books:
            book.is_resting = True
        self._advance()
        while any(one.is_resting and one.rung == "serving" for one in books):
            self._moved.clear()
            await self._moved.wait()

    def noted(self) -> None:
        """Something has changed: who waits for an engine to rest looks again."""
        self._moved.set()

    def bring_up(self, expert: str) -> None:
        """Have an expert that no engine serves come up though its callers could not wait so long.

        Else one whose engine takes longer to start than anybody may wait would never be had.
        """
        if expert in self._tasks or self._engines.is_served(expert):
            return
        task = asyncio.get_running_loop().create_task(self._brought(expert))
        self._tasks[expert] = task
        task.add_done_callback(lambda _: self._tasks.pop(expert, None))

    async def close(self) -> None:
        """Give up what is under way."""
        for task in (tasks := list(self._tasks.values())):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _brought(self, expert: str) -> None:
        try:
            await self.load(expert, timeout_s=_PATIENCE_S)
        except EngineError:
            return  # whoever asks next hears why
