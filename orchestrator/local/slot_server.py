"""Answers what is asked of a slot's worker over a wire, until the other end hangs up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from orchestrator.engines.streams import reading
from orchestrator.errors import OrchestratorError
from orchestrator.local.wire import Ask, GiveUp, Said, Wire
from orchestrator.service.slot_worker import SlotWorker

_LOG = logging.getLogger(__name__)


class SlotServer:
    """One slot's worker at the end of a wire.

    Args:
        worker: what is asked.
        wire: to who asks.
    """

    def __init__(self, worker: SlotWorker, wire: Wire) -> None:
        self._worker = worker
        self._wire = wire
        self._answering: dict[int, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Answer until who asks has gone; then give up what is under way."""
        while (value := await self._wire.receive()) is not None:
            if isinstance(value, Ask):
                self._begin(value)
            elif isinstance(value, GiveUp) and (task := self._answering.get(value.number)):
                task.cancel()
        tasks = list(self._answering.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, ask: Ask) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(ask))
        self._answering[ask.number] = task
        task.add_done_callback(lambda ended: self._end(ask, ended))

    async def _answer(self, ask: Ask) -> None:
        async with reading(self._items(ask)) as items:
            async for item in items:
                self._wire.send(Said(number=ask.number, item=item))
                await self._wire.sent()

    def _end(self, ask: Ask, task: asyncio.Task[None]) -> None:
        del self._answering[ask.number]
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("%s failed", ask.method, exc_info=error)
            told = OrchestratorError(f"an unforeseen error, which the slot's log has: {error!r}")
            self._wire.send(Said(number=ask.number, item=told))
        self._wire.send(Said(number=ask.number, is_last=True))

    async def _items(self, ask: Ask) -> AsyncIterator[object]:
        """The worker's own errors are values; see `SlotWorker`."""
        match ask.method:
            case "generate":
                async with reading(self._worker.generate(ask.argument)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            case "embed":
                yield await self._worker.embed(ask.argument)
            case "steer":
                yield await self._worker.steer(ask.argument)
            case "describe":
                yield await self._worker.describe(ask.argument)
            case "hint":
                await self._worker.hint(ask.argument)
