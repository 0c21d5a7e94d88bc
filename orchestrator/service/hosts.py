"""The engines of one slot: started, and restarted when dead."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Awaitable, Callable, Mapping

from orchestrator.engines import fetched
from orchestrator.engines.host import Host
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.vllm import start_vllm
from orchestrator.engines.vllm_settings import prepare_environment
from orchestrator.errors import EngineDeadError, OrchestratorError
from orchestrator.service.layout import Share

#: Starts an engine for a lineage; a function of a module, since it travels to workers.
OpenHost = Callable[[Lineage], Awaitable[Host]]

#: Engines that start at once on a CPU; more would only wait for each other's cores.
_MAX_AT_ONCE = 3


async def open_vllm(lineage: Lineage) -> Host:
    """Start vLLM for `lineage`, once its models are on this machine and verified.

    Raises:
        ModelError: a model cannot be fetched.
        WeightsError: it is not what it should be.
        EngineDeadError: it does not start.
        MissingExtraError: vLLM is not installed.
    """
    await fetched.brought(lineage.experts)
    prepare_environment()
    # In a thread: it takes 13 s, and the worker says meanwhile how far it is. Where vLLM is
    # missing, `start_vllm` says so.
    with contextlib.suppress(ModuleNotFoundError):
        await asyncio.to_thread(importlib.import_module, "orchestrator.engines.vllm_host")
    return await start_vllm(lineage)


class Hosts:
    """One live host for each lineage of a share.

    On accelerators engines start one at a time, since each measures what memory is free; on a CPU
    their memory is explicit and they start together, which hides their imports behind each other.

    Args:
        share: the slot and its lineages.
        open_host: starts one engine.
    """

    def __init__(self, share: Share, *, open_host: OpenHost) -> None:
        self._share = share
        self._open_host = open_host
        self._lineage_by_host: dict[int, Lineage] = {}
        #: In the order in which they came up.
        self._hosts: list[Host] = []

    @property
    def doing(self) -> str:
        """How far the start is, for the operator."""
        waiting = [one for one in self._share.lineages if one not in self._lineage_by_host.values()]
        fetching = fetched.doing(expert for one in waiting for expert in one.experts)
        if fetching is not None:
            return fetching
        names = ", ".join(f"{one.id} ({len(one.experts)} experts)" for one in waiting)
        return f"starting {names}" if waiting else "engines are up"

    async def open(self) -> Mapping[str, Host]:
        """Start every engine; returns them by lineage.

        Raises:
            OrchestratorError: one does not start; those that did are closed.
        """
        at_once = asyncio.Semaphore(1 if self._share.slot.accelerators else _MAX_AT_ONCE)
        tasks = [asyncio.create_task(self._start(one, at_once)) for one in self._share.lineages]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self.close()
            raise
        return {self._lineage_by_host[id(host)].id: host for host in self._hosts}

    async def revive(self, dead: Host) -> Host:
        """Start a new engine in place of `dead`.

        Raises:
            EngineDeadError: it does not start.
        """
        lineage = self._lineage_by_host.pop(id(dead))
        self._hosts.remove(dead)
        await dead.close()
        try:
            return await self._start(lineage, asyncio.Semaphore(1))
        except OrchestratorError as exc:
            raise EngineDeadError(f"engine {lineage.id} does not restart: {exc}") from exc

    async def close(self) -> None:
        """End every engine."""
        while self._hosts:
            await self._hosts.pop().close()

    async def _start(self, lineage: Lineage, at_once: asyncio.Semaphore) -> Host:
        async with at_once:
            host = await self._open_host(lineage)
        self._hosts.append(host)
        self._lineage_by_host[id(host)] = lineage
        return host
