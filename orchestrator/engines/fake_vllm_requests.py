"""Requests of a fake vLLM engine: when it answers them, and with whose words."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

_NUM_TOKENS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeLogprob:
    """As `vllm.logprobs.Logprob`, as far as it is read."""

    logprob: float
    rank: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeCompletion:
    """As `vllm.outputs.CompletionOutput`, as far as it is read."""

    token_ids: Sequence[int] = ()
    logprobs: Sequence[dict[int, FakeLogprob]] = ()
    finish_reason: str
    index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeOutput:
    """As `vllm.outputs.RequestOutput`, as far as it is read."""

    outputs: Sequence[FakeCompletion]
    finished: bool = True
    num_cached_tokens: int = 0


class FakeQueue:
    """What one request is told, as `v1/engine/output_processor.py`, `RequestOutputCollector`."""

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self._told: asyncio.Queue[FakeOutput | Exception] = asyncio.Queue()

    def put(self, output: FakeOutput | Exception) -> None:
        """Tell it."""
        self._told.put_nowait(output)

    def get_nowait(self) -> FakeOutput | None:
        """What it was told, if anything."""
        return None if self._told.empty() else _raised(self._told.get_nowait())

    async def get(self) -> FakeOutput:
        """What it is told next."""
        return _raised(await self._told.get())

    def close(self) -> None:
        """Nobody listens any more."""


@dataclass(slots=True, kw_only=True)
class _Request:
    queue: FakeQueue
    prompt_token_ids: tuple[int, ...]
    adapter: str | None
    #: The voices it was computed with so far.
    voices: list[str] = field(default_factory=list)


class FakeScheduler:
    """Requests that wait and that run, and a prefix cache.

    Args:
        voice: what the weights in place speak with.
    """

    def __init__(self, voice: Callable[[], str]) -> None:
        self._voice = voice
        self._paused: Literal["new", "all"] | None = None
        self._is_held = False
        self._waiting: list[_Request] = []
        self._running: list[_Request] = []
        self._idle = asyncio.Event()
        self._idle.set()
        #: Voice that computed the blocks of a prompt on an adapter. vLLM caches whole blocks of 16
        #: tokens; here every prompt is one.
        self._cached: dict[tuple[str | None, tuple[int, ...]], str] = {}

    @property
    def is_paused(self) -> bool:
        """Whether nothing new is scheduled."""
        return self._paused is not None

    @property
    def num_unfinished(self) -> int:
        """Requests that have no answer yet."""
        return len(self._waiting) + len(self._running)

    def hold(self) -> None:
        """Keep what runs in flight."""
        self._is_held = True

    def let_go(self) -> None:
        """Answer what runs."""
        self._is_held = False
        self._advance()

    def add(
        self, request_id: str, prompt_token_ids: tuple[int, ...], adapter: str | None
    ) -> FakeQueue:
        """Queue a request."""
        queue = FakeQueue(request_id)
        self._waiting.append(
            _Request(queue=queue, prompt_token_ids=prompt_token_ids, adapter=adapter)
        )
        self._advance()
        return queue

    def forget(self, request_id: str) -> None:
        """Drop a request."""
        for requests in (self._waiting, self._running):
            requests[:] = [one for one in requests if one.queue.request_id != request_id]
        self._tell_idle()

    async def pause(self, mode: Literal["abort", "wait", "keep"], *, clears_cache: bool) -> None:
        """See `FakeAsyncLLM.pause_generation`."""
        if mode == "abort":
            for request in (*self._waiting, *self._running):
                request.queue.put(FakeOutput(outputs=[FakeCompletion(finish_reason="abort")]))
            self._waiting, self._running = [], []
        self._paused = "all" if mode == "keep" else "new"
        self._tell_idle()
        if mode == "wait":
            await self._idle.wait()
        if clears_cache:
            self._cached.clear()

    def resume(self) -> None:
        """Schedule what waits."""
        self._paused = None
        self._advance()

    def reset_cache(self) -> bool:
        """Forget the prefix cache, unless blocks of it are in use."""
        if self._running:
            return False
        self._cached.clear()
        return True

    def note_voice(self) -> None:
        """What runs goes on with the weights that are in place now."""
        for request in self._running:
            request.voices.append(self._voice())

    def _advance(self) -> None:
        if self._paused is None:
            self._running += self._waiting
            self._waiting = []
        if self._paused != "all":
            self.note_voice()
            if not self._is_held:
                for request in self._running:
                    request.queue.put(self._answer(request))
                self._running = []
        self._tell_idle()

    def _answer(self, request: _Request) -> FakeOutput:
        """Tokens of all voices that had a part in it: more than one make a hybrid."""
        voice = request.voices[-1]
        block = (request.adapter, request.prompt_token_ids)
        cached = self._cached.setdefault(block, voice)
        said = "+".join(dict.fromkeys([cached, *request.voices]))
        digest = hashlib.sha256(f"{said}|{block}".encode()).digest()[:_NUM_TOKENS]
        runner_up = {256: FakeLogprob(logprob=-9.0)}
        scores = [{token: FakeLogprob(logprob=-token / 100), **runner_up} for token in digest]
        completion = FakeCompletion(
            token_ids=tuple(digest), logprobs=scores, finish_reason="length"
        )
        return FakeOutput(outputs=[completion])

    def _tell_idle(self) -> None:
        self._idle.set() if not self._running else self._idle.clear()


def _raised(told: FakeOutput | Exception) -> FakeOutput:
    if isinstance(told, Exception):
        raise told
    return told
