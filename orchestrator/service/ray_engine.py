"""A slot's worker as an `Engine`: the one hop between a gateway and a model.

Our own errors travel as values, not as exceptions: Ray would wrap and log each with a traceback,
and a caller's mistake is no event for the log of a worker. What remains to be translated is
what Ray itself raises, when a worker is gone or refuses.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

from ray.exceptions import RayError, TaskCancelledError
from ray.serve.exceptions import (
    BackPressureError,
    DeploymentUnavailableError,
    RayServeException,
    RequestCancelledError,
)

from orchestrator.engines.base import Call, Item
from orchestrator.engines.embedding import AnyCall, EmbedCall, Vectors
from orchestrator.engines.streams import reading
from orchestrator.errors import EngineDeadError, OrchestratorError, OverloadedError
from orchestrator.service.slot_worker import Sent

#: Calls and items are of modules that both ends import: plain pickle takes a third of the time of
#: cloudpickle, which was a third of a worker's CPU when it streamed to 64 callers.
_PLAIN: Final[Mapping[str, str]] = {
    "request_serialization": "pickle",
    "response_serialization": "pickle",
}

#: Seconds after which a killed worker is usually back (without its model, which loads longer).
RETRY_AFTER_S = 5.0


class Handle(Protocol):
    """The part of Serve's `DeploymentHandle` that is used."""

    def options(
        self, *, stream: bool, request_serialization: str, response_serialization: str
    ) -> Handle:
        """The same deployment, called another way."""
        ...

    @property
    def generate(self) -> Any:
        """`.remote(call)`: a stream of `Sent`."""
        ...

    @property
    def answer(self) -> Any:
        """`.remote(call)`: all items of an answer at once."""
        ...

    @property
    def embed(self) -> Any:
        """`.remote(call)`: the vectors, or why there are none."""
        ...

    @property
    def hint(self) -> Any:
        """`.remote(key)`: nothing."""
        ...

    async def shutdown_async(self) -> None:
        """End what keeps the connection, for this and every other way of calling."""
        ...


class RayEngine:
    """Calls the worker of one slot.

    Args:
        handle: of the slot's deployment; must be used inside an event loop.
        slot: the slot's name, for messages.
    """

    def __init__(self, handle: Handle, *, slot: str) -> None:
        self._slot = slot
        self._streaming = handle.options(stream=True, **_PLAIN)
        self._unary = handle.options(stream=False, **_PLAIN)
        self._in_flight: set[Any] = set()
        self._hints: set[asyncio.Task[None]] = set()
        self._is_down = False

    async def generate(self, call: Call) -> AsyncGenerator[Item, None]:
        """Answer `call` in the slot; see `Engine.generate`."""
        if self._is_down:
            raise self._gone()
        items = self._stream(call) if call.stream else self._whole(call)
        async with reading(items) as received:
            async for item in received:
                if isinstance(item, OrchestratorError):
                    raise item
                yield item

    async def embed(self, call: EmbedCall) -> Vectors:
        """Embed `call` in the slot; see `Embedder.embed`."""
        if self._is_down:
            raise self._gone()
        response = self._unary.embed.remote(call)
        with self._tracked(response, call):
            found: Vectors | OrchestratorError = await response
        if isinstance(found, OrchestratorError):
            raise found
        return found

    def hint(self, key: str) -> None:
        """Tell the worker, see `Hinted`; at most one message an expert is under way."""
        if self._is_down or any(task.get_name() == key for task in self._hints):
            return
        task = asyncio.get_running_loop().create_task(self._tell(key), name=key)
        self._hints.add(task)
        task.add_done_callback(self._hints.discard)

    async def _tell(self, key: str) -> None:
        with suppress(RayError, RayServeException, DeploymentUnavailableError):
            await self._unary.hint.remote(key)

    async def close(self) -> None:
        """Give up every call in flight and the connection; the worker itself belongs to Serve."""
        self.mark_down()
        await self._unary.shutdown_async()

    def mark_down(self) -> None:
        """Fail every call in flight and every later one: nobody hears from the worker.

        Without this a call would wait in Serve's queue until a new worker is up.
        """
        self._is_down = True
        for response in (*self._in_flight, *self._hints):
            response.cancel()

    def mark_up(self) -> None:
        """Take calls again."""
        self._is_down = False

    async def _stream(self, call: Call) -> AsyncIterator[Sent]:
        response = self._streaming.generate.remote(call)
        with self._tracked(response, call):
            async for item in response:
                yield item

    async def _whole(self, call: Call) -> AsyncIterator[Sent]:
        response = self._unary.answer.remote(call)
        with self._tracked(response, call):
            items = await response
        for item in items:
            yield item

    @contextmanager
    def _tracked(self, response: Any, call: AnyCall) -> Iterator[None]:
        """Cancel the worker's side when the caller leaves early; translate what Ray raises."""
        self._in_flight.add(response)
        is_over = False
        try:
            yield
            is_over = True
        except BackPressureError as exc:
            raise OverloadedError(
                f"slot {self._slot!r} takes no more calls for expert {call.expert!r}",
                retry_after_s=1.0,
            ) from exc
        except (RequestCancelledError, TaskCancelledError) as exc:
            if self._is_down:
                raise self._gone() from exc
            raise
        except (RayError, RayServeException, DeploymentUnavailableError) as exc:
            raise self._gone() from exc
        finally:
            self._in_flight.discard(response)
            if not is_over:
                response.cancel()

    def _gone(self) -> EngineDeadError:
        return EngineDeadError(
            f"the worker of slot {self._slot!r} is gone; a new one is being started",
            retry_after_s=RETRY_AFTER_S,
        )
