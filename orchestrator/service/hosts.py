"""The engines of one slot: started one after another, restarted when dead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

from orchestrator.engines.host import Host
from orchestrator.engines.lineage import Lineage
from orchestrator.errors import EngineDeadError, OrchestratorError
from orchestrator.registry.models import Slot
from orchestrator.service.layout import Share

#: Starts an engine for a lineage in a slot; a function of a module, since it travels to workers.
OpenHost = Callable[[Lineage, Slot], Awaitable[Host]]


async def open_vllm(lineage: Lineage, slot: Slot) -> Host:
    """Start vLLM for `lineage`.

    Raises:
        EngineDeadError: it does not start.
        MissingExtraError: vLLM is not installed.
    """
    # Here, not above: it takes 13 s, and a worker answers meanwhile how far it is.
    from orchestrator.engines.vllm import start_vllm

    return await start_vllm(lineage, on_cpu=slot.accelerators == 0)


class Hosts:
    """One live host for each lineage of a share.

    One at a time and with explicit memory: engines that start together measure each other's.

    Args:
        share: the slot and its lineages.
        open_host: starts one engine.
    """

    def __init__(self, share: Share, *, open_host: OpenHost) -> None:
        self._share = share
        self._open_host = open_host
        self._lineage_by_host: dict[int, Lineage] = {}
        self._hosts: list[Host] = []
        #: What is being done, for the operator.
        self.doing = "starting"

    async def open(self) -> Sequence[Host]:
        """Start every engine, in order.

        Raises:
            OrchestratorError: one does not start; those that did are closed.
        """
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self.close)
            for number, lineage in enumerate(self._share.lineages, start=1):
                self.doing = (
                    f"starting engine {number} of {len(self._share.lineages)}, "
                    f"{lineage.id} for {len(lineage.experts)} experts"
                )
                await self._start(lineage)
            undo.pop_all()
        self.doing = "ready"
        return tuple(self._hosts)

    async def revive(self, dead: Host) -> Host:
        """Start a new engine in place of `dead`.

        Raises:
            EngineDeadError: it does not start.
        """
        lineage = self._lineage_by_host.pop(id(dead))
        self._hosts.remove(dead)
        await dead.close()
        try:
            return await self._start(lineage)
        except OrchestratorError as exc:
            raise EngineDeadError(f"engine {lineage.id} does not restart: {exc}") from exc

    async def close(self) -> None:
        """End every engine."""
        while self._hosts:
            await self._hosts.pop().close()

    async def _start(self, lineage: Lineage) -> Host:
        host = await self._open_host(lineage, self._share.slot)
        self._hosts.append(host)
        self._lineage_by_host[id(host)] = lineage
        return host
