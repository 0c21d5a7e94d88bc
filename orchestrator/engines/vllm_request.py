"""One request of a vLLM engine, from its submission to its end."""

from __future__ import annotations

import asyncio
from typing import Any

from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.output_processor import RequestOutputCollector

from orchestrator.errors import EngineTimeoutError

#: Open requests from which tokens of a stream are sent a few at a time.
CROWD = 16
#: Seconds between chunks of one stream then: thirty a second still read as a flow.
GATHER_S = 0.03


class Request:
    """One request in flight."""

    def __init__(
        self,
        engine: AsyncLLM,
        queue: RequestOutputCollector,
        *,
        timeout_s: float | None,
        open_requests: set[Request],
    ) -> None:
        self._engine = engine
        self._queue = queue
        self._open_requests = open_requests
        self._is_finished = False
        self._timer: asyncio.TimerHandle | None = None
        if timeout_s is not None:
            error = EngineTimeoutError(f"the engine did not finish within {timeout_s:g} s")
            self._timer = asyncio.get_running_loop().call_later(timeout_s, self.fail, error)

    async def next(self) -> Any:
        """What the engine said since the last time: vLLM's output of the request's kind."""
        output = self._queue.get_nowait() or await self._queue.get()
        self._is_finished = output.finished
        return output

    async def gather(self) -> None:
        """Let tokens come together before the next read, where many requests are open.

        Every chunk costs each process on its way to the caller some 100 us.
        """
        if len(self._open_requests) >= CROWD and not self._is_finished:
            await asyncio.sleep(GATHER_S)

    def fail(self, error: Exception) -> None:
        """Make `next` raise `error`."""
        self._queue.put(error)

    async def abort_choice(self, index: int) -> None:
        """End one of several choices; the others go on."""
        await self._engine.abort(f"{index}_{self._queue.request_id}", internal=True)

    async def close(self) -> None:
        """Free the request; one that is not finished is aborted."""
        self._open_requests.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if not self._is_finished:
            await self._engine.abort(self._queue.request_id, internal=True)
        self._queue.close()
