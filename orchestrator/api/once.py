"""Requests with an idempotency key are answered once, however often they are sent.

A key is claimed in the store before anything is done. Its owner holds it by a lease while it works,
so that a gateway that dies lets go of it, and keeps the answer there before the last byte leaves.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator import metrics
from orchestrator.api.body import read_body
from orchestrator.api.exchange import OWNER, Exchange, of_scope
from orchestrator.api.reply_record import Recording, unpacked
from orchestrator.api.settings import ApiSettings
from orchestrator.errors import (
    ConflictError,
    InvalidRequestError,
    KeyInUseError,
    KeyReusedError,
    StoreError,
)
from orchestrator.store.repeats import Claim, Repeats

_LOG = logging.getLogger(__name__)

#: The header, as Stripe's and OpenAI's clients and the IETF's draft name it.
NAME = "idempotency-key"
_HEADER = NAME.encode()
_KEY = re.compile(rb"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
#: Where a key means something: what begins or makes something from a body of JSON.
PATHS = frozenset(
    {
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/responses",
        "/v1/embeddings",
        "/v1/batches",
    }
)
#: Where what is made keeps its key, since a body may be longer than what is held here.
_BY_WHOEVER_KEEPS_IT = "/v1/files"
#: Names what a request makes in the storage, so that it is made once even where a gateway dies, or
#: a caller hangs up, between the making and the answer.
_MAKING = frozenset({"/v1/batches", _BY_WHOEVER_KEEPS_IT})
#: How long an answer is kept, seconds.
_KEPT_S = 24 * 3600.0
#: A key whose owner died is free after this, seconds.
LEASE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ours:
    """A key that this request is the one to answer."""

    key: str
    owner: str


class Once:
    """Pure ASGI middleware inside the gate.

    Args:
        app: answers.
        repeats: who has which key; without, keys are left aside.
        settings: how long bodies and kept answers may be.
        clock: Unix time, seconds.
        lease_s: how long a key is held at a time.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        repeats: Repeats | None,
        settings: ApiSettings,
        clock: Callable[[], float] = time.time,
        lease_s: float = LEASE_S,
    ) -> None:
        self._app = app
        self._repeats = repeats
        self._settings = settings
        self._clock = clock
        self._lease_s = lease_s
        self._letting_go: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or tell the answer it has had."""
        given = _given(scope)
        if given is None:
            await self._app(scope, receive, send)
            return
        exchange = of_scope(scope)
        path = scope["path"]
        if self._repeats is None or scope["method"] != "POST" or path not in PATHS | _MAKING:
            exchange.ignored += (NAME,)
            await self._app(scope, receive, send)
            return
        if path in _MAKING:
            exchange.once = _key(given, exchange)
        if path == _BY_WHOEVER_KEEPS_IT:
            await self._app(scope, receive, send)
            return
        await self._answer(scope, receive, send, self._repeats)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, repeats: Repeats) -> None:
        exchange = of_scope(scope)
        key = _key(_given(scope) or b"", exchange)
        settings = self._settings
        body = await read_body(
            Request(scope, receive),
            exchange,
            max_bytes=settings.max_body_bytes,
            max_s=settings.max_body_s,
        )
        claim = await repeats.claim(
            key,
            owner=exchange.call_id,
            fingerprint=_fingerprint(scope, body),
            now_s=self._clock(),
            lease_s=self._lease_s,
        )
        metrics.REPEATS.labels(_OUTCOMES[claim.outcome]).inc()
        if claim.outcome != "yours":
            exchange.endpoint = scope["path"]
            await _tell(claim, exchange, send)
            return
        ours = _Ours(key=key, owner=exchange.call_id)
        async with self._held(ours, repeats):
            keeping = self._keeping(ours, repeats, exchange, send)
            await self._app(scope, _again(body, receive), keeping)

    def _keeping(self, ours: _Ours, repeats: Repeats, exchange: Exchange, send: Send) -> Send:
        """`send` that keeps a good answer before its last byte leaves, or frees the key."""
        recording = Recording(max_bytes=self._settings.max_replay_bytes)

        async def keep_and_send(message: Message) -> None:
            is_complete = recording.note(message)
            if is_complete and recording.is_success and exchange.error_code is None:
                await self._keep(ours, repeats, recording.record.packed())
            elif is_complete:
                await _let_go(ours, repeats)
            await send(message)

        return keep_and_send

    async def _keep(self, ours: _Ours, repeats: Repeats, reply: bytes) -> None:
        try:
            is_kept = await repeats.keep(
                ours.key, owner=ours.owner, reply=reply, now_s=self._clock(), expires_s=_KEPT_S
            )
        except StoreError as exc:
            _LOG.warning("an answer is told but not kept under its key: %s", exc.message)
            return
        if not is_kept:
            _LOG.warning("call %r lost its idempotency key before it was answered", ours.owner)

    @asynccontextmanager
    async def _held(self, ours: _Ours, repeats: Repeats) -> AsyncIterator[None]:
        """Hold the key while the block runs; let go of it where it was not answered."""
        holding = asyncio.create_task(self._hold(ours, repeats))
        try:
            yield
        except BaseException:
            # A task of its own: this one may be cancelled, and not for the last time.
            letting_go = asyncio.create_task(_let_go(ours, repeats))
            self._letting_go.add(letting_go)
            letting_go.add_done_callback(self._letting_go.discard)
            await asyncio.shield(letting_go)
            raise
        finally:
            holding.cancel()

    async def _hold(self, ours: _Ours, repeats: Repeats) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 3)
            try:
                await repeats.renew(
                    ours.key, owner=ours.owner, now_s=self._clock(), lease_s=self._lease_s
                )
            except StoreError as exc:
                _LOG.warning("an idempotency key may be lost: %s", exc.message)


_OUTCOMES = {
    "yours": "begun",
    "answered": "replayed",
    "under_way": "under_way",
    "differs": "differs",
}


async def _let_go(ours: _Ours, repeats: Repeats) -> None:
    try:
        await repeats.release(ours.key, owner=ours.owner)
    except StoreError as exc:
        _LOG.warning("an idempotency key is held until its lease ends: %s", exc.message)


async def _tell(claim: Claim, exchange: Exchange, send: Send) -> None:
    """The first answer.

    Raises:
        KeyInUseError: there is none yet.
        KeyReusedError: the key stands for another request.
        ConflictError: the answer was not kept.
    """
    if claim.outcome == "under_way":
        raise KeyInUseError(
            "a request with this idempotency-key is being answered now; ask again in a moment",
            param=NAME,
            retry_after_s=1.0,
        )
    if claim.outcome == "differs":
        raise KeyReusedError(
            "this idempotency-key stands for another route or body; send what it was first sent "
            "with, or take a new key",
            param=NAME,
        )
    record = unpacked(claim.reply or b"")
    if not record.is_whole:
        raise ConflictError(
            "the request with this idempotency-key was answered, and its answer was too long to "
            "be kept; take a new key to have it answered again",
            param=NAME,
        )
    exchange.is_replayed = True
    await record.send(send)


def _given(scope: Scope) -> bytes | None:
    if scope["type"] != "http" or scope["method"] == "GET" or OWNER in scope:
        return None
    return next((value for name, value in scope["headers"] if name == _HEADER), None)


def _key(given: bytes, exchange: Exchange) -> str:
    """Whose key it is, and which, as one digest.

    Raises:
        InvalidRequestError: it is empty, too long, or not plain ASCII.
    """
    if _KEY.fullmatch(given) is None:
        raise InvalidRequestError(
            f"header {NAME!r} has {len(given)} bytes; it must be 1 to 255 printable ASCII "
            "characters, without spaces around",
            param=NAME,
        )
    return hashlib.sha256(exchange.caller.owner.encode() + b"\0" + given).hexdigest()


def _fingerprint(scope: Scope, body: bytes) -> str:
    said = b"\0".join((scope["path"].encode(), scope["query_string"], body))
    return hashlib.sha256(said).hexdigest()


def _again(body: bytes, receive: Receive) -> Receive:
    """The body that was read, once more, and then whatever comes of the caller."""
    is_told = False

    async def receive_again() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
