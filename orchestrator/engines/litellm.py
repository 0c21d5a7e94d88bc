"""Experts of hosted providers, by LiteLLM's SDK."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractContextManager, aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any
from weakref import WeakSet

from orchestrator.engines.base import Call, Chat, Chunk, Text, Usage
from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.engines.litellm_connecting import judged_by
from orchestrator.engines.litellm_errors import translated
from orchestrator.engines.litellm_sdk import close_connections, importing
from orchestrator.engines.openai_body import request_body
from orchestrator.engines.openai_embedding import embed_body, read_vectors
from orchestrator.engines.openai_reading import read_answer, read_event
from orchestrator.errors import (
    ContextTooLongError,
    EngineDeadError,
    EngineProtocolError,
    EngineTimeoutError,
    UnsupportedParameterError,
)
from orchestrator.guards.policy import AddressPolicy
from orchestrator.guards.upstreams import check_address, upstream_policy
from orchestrator.registry.engine_entry import LitellmEngine as LitellmSpec
from orchestrator.registry.models import Expert

#: The SDK shares its connections within the process: the last engine closes them.
_OPEN: WeakSet[LitellmEngine] = WeakSet()


class LitellmEngine:
    """Passes calls on to one model of one provider.

    Make it anywhere: the SDK is imported in a thread, which the first call waits for.

    Args:
        expert: of engine kind `litellm`.
        api_key: sent as the provider wants it, and never shown; without one LiteLLM looks for the
            provider's own variables, such as `AWS_REGION`.
        policy: where the provider may be, if its address is given.

    Raises:
        MissingExtraError: LiteLLM is not installed.
    """

    def __init__(
        self, expert: Expert, *, api_key: str | None = None, policy: AddressPolicy | None = None
    ) -> None:
        assert isinstance(expert.engine, LitellmSpec)
        self._expert = expert
        self._spec = expert.engine
        self._secret = api_key
        self._policy = policy or upstream_policy({})
        self._provider = f"expert {expert.id!r}: {self._spec.model} by LiteLLM"
        self._sdk = importing()
        #: What is being waited for, so that `close` can end it.
        self._waits: set[asyncio.Timeout] = set()
        self._is_closed = False
        _OPEN.add(self)

    async def generate(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Pass `call` on; see `Engine.generate`.

        Several choices, and raw text, come in one chunk even when streamed: the SDK's streams
        have one end for all choices, and hide it where the prompt is raw.
        """
        is_streamed = call.stream and call.sampling.n == 1 and isinstance(call.prompt, Chat)
        asked = self._asked(call, is_streamed=is_streamed)
        ends_s = None if call.timeout_s is None else _now_s() + call.timeout_s
        with translated(self._provider, secret=self._secret):
            async with self._wait(ends_s):
                answer = await self._begun(call, asked)
            if not is_streamed:
                yield _echoing(_whole(answer, call.sampling.n), call)
                return
            async with aclosing(answer), aclosing(self._read(answer, ends_s)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def embed(self, call: EmbedCall) -> Vectors:
        """Pass `call` on; see `Embedder.embed`."""
        if any(one.token_ids is not None for one in call.inputs):
            raise self._no_ids("input")
        # Each provider has an encoding of its own; the SDK gives numbers of all.
        body = embed_body(call, model=self._spec.model) | self._settings("api_base")
        del body["encoding_format"]
        ends_s = None if call.timeout_s is None else _now_s() + call.timeout_s
        with translated(self._provider, secret=self._secret):
            async with self._wait(ends_s):
                sdk = await self._loaded()
                with self._judged():
                    answer = await sdk.aembedding(**body)
        vectors = read_vectors(answer.model_dump(), num_inputs=len(call.inputs))
        return replace(vectors, cost_usd=_cost_usd(answer))

    async def close(self) -> None:
        """Calls in flight and later ones fail with `EngineDeadError`."""
        self._is_closed = True
        _OPEN.discard(self)
        for wait in self._waits:
            if not wait.expired():
                wait.reschedule(_now_s())
        if not _OPEN and self._sdk.done() and self._sdk.exception() is None:
            await close_connections(self._sdk.result())

    def _asked(self, call: Call, *, is_streamed: bool) -> dict[str, Any]:
        """What the SDK is asked.

        Raises:
            RequestError: what no provider takes, or more than the registry's context.
        """
        limit, num_asked = self._spec.max_context, call.sampling.max_tokens or 0
        if limit is not None and num_asked > limit:
            raise ContextTooLongError(
                f"{self._provider}: {num_asked} tokens asked for exceed its context of {limit}",
                param="max_tokens",
            )
        if isinstance(call.prompt, Text) and call.prompt.token_ids is not None:
            raise self._no_ids("prompt")
        # Few providers repeat a prompt, and it is known here.
        sent = replace(call, stream=is_streamed, echo=False)
        body = request_body(sent, model=self._spec.model, defaults=self._expert.defaults)
        return body | self._settings("base_url")

    def _settings(self, root: str) -> dict[str, Any]:
        return {
            root: self._spec.base_url,
            "api_key": self._secret,
            "timeout": self._spec.timeout_s,
            "num_retries": 0,
            "max_retries": 0,
        }

    async def _loaded(self) -> Any:
        if self._spec.base_url is not None:
            await check_address(self._provider, self._spec.base_url, self._policy)
        # Shielded: one caller that gives up must not cancel the import for all.
        return await asyncio.shield(asyncio.wrap_future(self._sdk))

    def _judged(self) -> AbstractContextManager[None]:
        """Connect, while a call begins, to what was judged alone."""
        return judged_by(None if self._spec.base_url is None else self._policy)

    async def _begun(self, call: Call, asked: dict[str, Any]) -> Any:
        sdk = await self._loaded()
        ask = sdk.acompletion if isinstance(call.prompt, Chat) else sdk.atext_completion
        with self._judged():
            return await ask(**asked)

    async def _read(self, stream: Any, ends_s: float | None) -> AsyncGenerator[Chunk, None]:
        usage: Usage | None = None
        while True:
            async with self._wait(ends_s):
                event = await anext(stream, None)
            if event is None:
                break
            chunk = read_event(event.model_dump())
            usage = _priced(chunk.usage, event) or usage
            if any(delta.finish_reason for delta in chunk.deltas):
                self._check_ended(stream)
            if chunk.deltas:
                yield Chunk(deltas=chunk.deltas)
        yield Chunk(usage=usage or Usage(prompt_tokens=0, completion_tokens=0))

    def _check_ended(self, stream: Any) -> None:
        """The SDK makes up an end for a stream that has none."""
        if stream.received_finish_reason is None and stream.intermittent_finish_reason is None:
            raise EngineProtocolError(f"{self._provider} cut its answer: it has no end")

    @asynccontextmanager
    async def _wait(self, ends_s: float | None) -> AsyncIterator[None]:
        """Wait for the provider: until its longest silence, the call's end, or `close`."""
        if self._is_closed:
            raise self._dead()
        silent_s = _now_s() + self._spec.timeout_s
        wait = asyncio.timeout_at(silent_s if ends_s is None else min(silent_s, ends_s))
        self._waits.add(wait)
        try:
            async with wait:
                yield
        except TimeoutError as exc:
            if self._is_closed:
                raise self._dead() from exc
            raise EngineTimeoutError(f"{self._provider} gave no answer in time") from exc
        finally:
            self._waits.discard(wait)

    def _no_ids(self, param: str) -> UnsupportedParameterError:
        return UnsupportedParameterError(
            f"{self._provider} takes text; token ids are of another vocabulary", param=param
        )

    def _dead(self) -> EngineDeadError:
        return EngineDeadError(f"{self._provider}: the engine was closed")


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _whole(answer: Any, num_choices: int) -> Chunk:
    chunk = read_answer(answer.model_dump(), num_choices=num_choices)
    usage = _priced(chunk.usage, answer) or Usage(prompt_tokens=0, completion_tokens=0)
    return Chunk(deltas=chunk.deltas, usage=usage)


def _priced(usage: Usage | None, answer: Any) -> Usage | None:
    """`usage` with what LiteLLM's price table says it cost, where the model is in it."""
    if usage is None:
        return None
    found = getattr(answer.usage, "cost", None)
    return replace(usage, cost_usd=_cost_usd(answer) if found is None else found)


def _cost_usd(answer: Any) -> float | None:
    hidden = getattr(answer, "_hidden_params", None) or {}
    found: float | None = hidden.get("response_cost")
    return found


def _echoing(chunk: Chunk, call: Call) -> Chunk:
    """The answer, after its prompt where the caller asked for it."""
    if not call.echo or not isinstance(call.prompt, Text):
        return chunk
    text = call.prompt.text
    deltas = tuple(replace(delta, text=text + delta.text) for delta in chunk.deltas)
    return Chunk(deltas=deltas, usage=chunk.usage)
