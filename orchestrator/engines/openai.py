"""Experts served by an upstream that speaks OpenAI's protocol, over aiohttp."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import aiohttp
import orjson

from orchestrator.engines.base import Call, Chat, Chunk, Usage
from orchestrator.engines.embedding import AnyCall, EmbedCall, Vectors
from orchestrator.engines.openai_body import request_body
from orchestrator.engines.openai_embedding import embed_body, read_vectors
from orchestrator.engines.openai_errors import refusal, stream_error, translated
from orchestrator.engines.openai_reading import parse_json, read_answer, read_event
from orchestrator.engines.sse import SseParser
from orchestrator.errors import EngineDeadError, EngineProtocolError
from orchestrator.guards.connecting import guarded_connector
from orchestrator.guards.policy import AddressPolicy, url_fault
from orchestrator.guards.redaction import blotted
from orchestrator.guards.upstreams import refusal_of, upstream_policy
from orchestrator.registry.engine_entry import OpenAIEngine as OpenAISpec
from orchestrator.registry.models import Expert

#: Connections one engine holds at most; beyond it calls wait for one.
MAX_CONNECTIONS = 1024
_CONNECT_TIMEOUT_S = 10.0
_KEEPALIVE_S = 30.0
_MAX_REFUSAL_BYTES = 65_536
#: The longest whole answer taken, bytes: 2,048 vectors of 3,072 numbers are half of it.
MAX_ANSWER_BYTES = 256 * 2**20
_DONE = b"[DONE]"
_UNCOUNTED = "%s does not say what it counted; its usage is unknown"

_logger = logging.getLogger(__name__)


class OpenAIEngine:
    """Passes calls on to one upstream.

    Make it anywhere; the first call opens the session in its event loop.

    Args:
        expert: of engine kind `openai`.
        api_key: sent as a bearer token, and never shown.
        policy: where the upstream may be, whatever its name means by now.
    """

    def __init__(
        self, expert: Expert, *, api_key: str | None = None, policy: AddressPolicy | None = None
    ) -> None:
        assert isinstance(expert.engine, OpenAISpec)
        self._expert = expert
        self._spec = expert.engine
        self._secret = api_key
        self._root = self._spec.base_url.rstrip("/")
        self._policy = policy or upstream_policy({})
        self._upstream = f"expert {expert.id!r}: upstream {self._root}"
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"

    async def generate(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Pass `call` on; see `Engine.generate`."""
        spec, defaults = self._spec, self._expert.defaults
        body = request_body(call, model=spec.model, defaults=defaults, continues=spec.continues)
        path = "/chat/completions" if isinstance(call.prompt, Chat) else "/completions"
        async with self._post(path, body, call) as response:
            if not call.stream:
                answer = parse_json(await _whole(response))
                yield self._counted(read_answer(answer, num_choices=call.sampling.n))
                return
            async for chunk in self._stream(response, call.sampling.n):
                yield chunk

    async def embed(self, call: EmbedCall) -> Vectors:
        """Pass `call` on; see `Embedder.embed`."""
        body = embed_body(call, model=self._spec.model)
        async with self._post("/embeddings", body, call) as response:
            answer = parse_json(await _whole(response))
        vectors = read_vectors(answer, num_inputs=len(call.inputs))
        if vectors.num_tokens == 0:
            _logger.warning(_UNCOUNTED, self._upstream)
        return vectors

    async def close(self) -> None:
        """Close every connection; calls in flight fail with `EngineDeadError`."""
        self._is_closed = True
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def _post(
        self, path: str, body: dict[str, Any], call: AnyCall
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer of status 200; what goes wrong with it is translated."""
        try:
            with translated(self._upstream):
                async with self._opened().post(
                    self._root + path,
                    data=orjson.dumps(body),
                    headers=self._headers,
                    timeout=self._timeout(call),
                    allow_redirects=False,
                ) as response:
                    await self._check(response)
                    yield response
        except (EngineDeadError, EngineProtocolError) as exc:
            if self._is_closed:
                raise EngineDeadError(f"{self._upstream}: the engine was closed") from exc
            told = blotted(exc.message, self._secret)  # upstreams repeat what they were sent
            if told != exc.message:
                raise type(exc)(told) from None
            raise

    def _opened(self) -> aiohttp.ClientSession:
        if self._is_closed:
            raise EngineDeadError(f"{self._upstream}: the engine was closed")
        if self._session is None:
            fault = url_fault(self._root, self._policy)
            if fault is not None:
                raise refusal_of(self._upstream, fault)
            self._session = aiohttp.ClientSession(
                connector=guarded_connector(
                    self._policy,
                    limit=MAX_CONNECTIONS,
                    keepalive_timeout=_KEEPALIVE_S,
                    ttl_dns_cache=300,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _timeout(self, call: AnyCall) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=call.timeout_s,
            sock_connect=_CONNECT_TIMEOUT_S,
            sock_read=self._spec.timeout_s,
        )

    async def _check(self, response: aiohttp.ClientResponse) -> None:
        if response.status != 200:
            raise refusal(
                self._upstream,
                response.status,
                body=await response.content.read(_MAX_REFUSAL_BYTES),
                headers=response.headers,
                secret=self._secret,
            )

    async def _stream(
        self, response: aiohttp.ClientResponse, num_choices: int
    ) -> AsyncGenerator[Chunk, None]:
        num_ended, usage = 0, None
        async with aclosing(_events(response)) as events:
            async for event in events:
                body = parse_json(event)
                if "error" in body:
                    raise stream_error(self._upstream, body["error"], secret=self._secret)
                chunk = read_event(body)
                usage = chunk.usage or usage
                num_ended += sum(delta.finish_reason is not None for delta in chunk.deltas)
                if chunk.deltas:
                    yield Chunk(deltas=chunk.deltas)
        if num_ended != num_choices:
            raise EngineProtocolError(
                f"{self._upstream} cut its answer: {num_ended} of {num_choices} choices ended"
            )
        yield self._counted(Chunk(usage=usage))

    def _counted(self, chunk: Chunk) -> Chunk:
        if chunk.usage is not None:
            return chunk
        _logger.warning(_UNCOUNTED, self._upstream)
        return Chunk(deltas=chunk.deltas, usage=Usage(prompt_tokens=0, completion_tokens=0))


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The body of an answer, which the response does not keep."""
    pieces: list[bytes] = []
    num_bytes = 0
    async for piece in response.content.iter_any():
        num_bytes += len(piece)
        if num_bytes > MAX_ANSWER_BYTES:
            raise EngineProtocolError(f"an answer is longer than {MAX_ANSWER_BYTES} bytes")
        pieces.append(piece)
    return b"".join(pieces)


async def _events(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """Data of the events up to `[DONE]`, or to the end of a stream that lacks it."""
    parser = SseParser()
    async for piece in response.content.iter_any():
        for event in parser.feed(piece):
            if event == _DONE:
                return
            yield event
