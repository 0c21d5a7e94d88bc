"""A gateway's way to every worker, as the Conductor's census names them."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.service.ray_engine import Handle, RayEngine
from orchestrator.service.reports import Census


class Connections:
    """The workers that are known, each as an engine.

    Args:
        connect: a new Serve handle of a slot's worker.
    """

    def __init__(self, connect: Callable[[str], Handle]) -> None:
        self._connect = connect
        #: By name of the slot; read anew for each call.
        self.engines: dict[str, RayEngine] = {}

    async def follow(self, census: Census) -> None:
        """Reach every worker that answers, and forget those that have ended."""
        for worker in census.workers:
            is_up = census.is_up(worker.slot)
            if is_up and worker.slot not in self.engines:
                self.engines[worker.slot] = RayEngine(self._connect(worker.slot), slot=worker.slot)
            if engine := self.engines.get(worker.slot):
                engine.mark_up() if is_up else engine.mark_down()
        named = {worker.slot for worker in census.workers}
        for slot in [slot for slot in self.engines if slot not in named]:
            # It was empty when it ended, so nothing of ours is under way there.
            await self.engines.pop(slot).close()
