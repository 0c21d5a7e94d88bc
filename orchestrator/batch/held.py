"""Calls of batch lines wait here for their run; everybody else's pass.

It stands between compositions and dispatch in the process that runs batches. So lines, composed
ones too, are grouped by expert stage by stage without any program being suspended: what is held is
the calls they make.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from orchestrator.engines.base import Call, Chunk, Item
from orchestrator.engines.embedding import AnyCall, EmbedCall, FullEngine, Vectors
from orchestrator.engines.foresight import Foresight
from orchestrator.engines.hints import Hinted
from orchestrator.engines.streams import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTag:
    """Whose call it is."""

    #: The batch.
    work_id: str
    #: Of the line among those of its batch, from 0.
    place: int


#: The line that the running task answers; tasks that it starts inherit it.
LINE: ContextVar[LineTag | None] = ContextVar("orchestrator_batch_line", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """How a call may go on."""

    #: Where its plan has it; `None` leaves the choice to dispatch.
    slot: str | None = None
    #: Place in the plan, lower is sooner; and of its batch, higher is sooner.
    order: int | None = None
    priority: int = 0
    is_background: bool = True
    #: Longest time from now, waiting in the slot included, seconds.
    timeout_s: float | None = None
    #: Its run, for whoever accounts for it.
    run: int | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class HeldCall:
    """A call that waits, or that was let go and is under way."""

    tag: LineTag
    call: AnyCall
    permit: asyncio.Future[Release]
    release: Release | None = None
    #: Tokens read and written, once it is over.
    prompt_tokens: int = 0
    output_tokens: int = 0
    #: Whether its answer came whole.
    is_whole: bool = False


class Watching(Protocol):
    """Is told what becomes of calls."""

    def came(self, held: HeldCall) -> None:
        """A call waits from now on."""
        ...

    def went(self, held: HeldCall) -> None:
        """A call is over, or nobody wants it any more; `release` is `None` of one that waited."""
        ...


@dataclass(frozen=True, slots=True)
class _Nobody:
    """Watches nothing."""

    def came(self, held: HeldCall) -> None:
        """See `Watching`."""

    def went(self, held: HeldCall) -> None:
        """See `Watching`."""


_C = TypeVar("_C", Call, EmbedCall)


class HeldDispatch:
    """A `FullEngine` that holds calls of batch lines until they are let go.

    Args:
        dispatch: answers them.
    """

    def __init__(self, dispatch: FullEngine) -> None:
        self._dispatch = dispatch
        self._queues: dict[str, deque[HeldCall]] = {}
        self.watching: Watching = _Nobody()

    @property
    def num_by_expert(self) -> Mapping[str, int]:
        """Calls that wait, by expert."""
        return Counter({expert: len(queue) for expert, queue in self._queues.items()})

    def waiting(self, expert: str) -> Iterator[HeldCall]:
        """Those that wait for an expert, the longest first."""
        return iter(tuple(self._queues.get(expert, ())))

    def let_go(self, held: HeldCall, release: Release) -> None:
        """Have a call that waits go on."""
        self._forget(held)
        held.release = release
        if not held.permit.done():
            held.permit.set_result(release)

    def generate(self, call: Call) -> AsyncIterator[Item]:
        """Stream the answer, once its run has come; see `Engine.generate`."""
        tag = LINE.get()
        return self._dispatch.generate(call) if tag is None else self._generated(call, tag)

    async def embed(self, call: EmbedCall) -> Vectors:
        """The vectors, once its run has come; see `Embedder.embed`."""
        tag = LINE.get()
        if tag is None:
            return await self._dispatch.embed(call)
        with self._holding(call, tag) as held:
            vectors = await self._dispatch.embed(_let(call, await held.permit))
            held.prompt_tokens, held.is_whole = vectors.num_tokens, True
            return vectors

    async def _generated(self, call: Call, tag: LineTag) -> AsyncGenerator[Item, None]:
        with self._holding(call, tag) as held:
            async with reading(self._dispatch.generate(_let(call, await held.permit))) as items:
                async for item in items:
                    _account(held, item)
                    yield item

    @contextmanager
    def _holding(self, call: AnyCall, tag: LineTag) -> Iterator[HeldCall]:
        held = HeldCall(tag=tag, call=call, permit=asyncio.get_running_loop().create_future())
        self._queues.setdefault(call.expert, deque()).append(held)
        self.watching.came(held)
        try:
            yield held
        finally:
            if held.release is None:
                self._forget(held)
            self.watching.went(held)

    def _forget(self, held: HeldCall) -> None:
        queue = self._queues[held.call.expert]
        if queue[0] is held:
            queue.popleft()
        else:
            queue.remove(held)
        if not queue:
            del self._queues[held.call.expert]

    def hint(self, key: str) -> None:
        """Pass word of an expert on; of a batch's line the plan knows better."""
        if LINE.get() is None and isinstance(self._dispatch, Hinted):
            self._dispatch.hint(key)

    def unreachable(self, keys: frozenset[str]) -> Mapping[str, str]:
        """See `Foresight`."""
        return self._dispatch.unreachable(keys) if isinstance(self._dispatch, Foresight) else {}

    def answer_s(self, key: str) -> float:
        """Nothing: a line's calls come when their run does, whoever is busy now."""
        del key
        return 0.0

    async def close(self) -> None:
        """Close what it stands before."""
        await self._dispatch.close()


def _let(call: _C, release: Release) -> _C:
    """The call as its plan wants it."""
    return replace(
        call,
        slot=release.slot,
        order=release.order,
        priority=release.priority,
        is_background=release.is_background,
        timeout_s=release.timeout_s,
        max_wait_s=None,
    )


def _account(held: HeldCall, item: Item) -> None:
    if isinstance(item, Chunk) and item.usage is not None:
        held.prompt_tokens = item.usage.prompt_tokens
        held.output_tokens = item.usage.completion_tokens
        held.is_whole = True
