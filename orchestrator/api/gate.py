"""The outermost layer: every request gets its id, its clock, its headers and its record here."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable
from uuid import uuid4

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.access.caller import ANYBODY, Caller
from orchestrator.access.keyring import Keyring
from orchestrator.api.accounts import Accounts
from orchestrator.api.admitting import end
from orchestrator.api.audited import Audited
from orchestrator.api.connection import ClientGoneError
from orchestrator.api.console import FILES
from orchestrator.api.envelope import as_asgi, envelope_of, headers_for
from orchestrator.api.exchange import BATCH, KEY, OWNER, TIMEOUT_S, Exchange
from orchestrator.api.from_here import why_elsewhere
from orchestrator.api.headers import headers_of
from orchestrator.api.settings import ApiSettings
from orchestrator.api.shedding import Bounds, Shedding
from orchestrator.errors import (
    OrchestratorError,
    QuotaError,
    RateLimitedError,
    UnauthenticatedError,
)
from orchestrator.errors.frames import let_go
from orchestrator.events.telling import about, tell
from orchestrator.metrics import IN_FLIGHT

log = logging.getLogger(__name__)

#: What a caller's own request id may be; it comes back in headers, records and logs.
_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")

#: What machines ask of every service: no key is needed.
FOR_ANYBODY = frozenset({"/healthz", "/readyz"})

#: A page that knows nothing but how to ask: what it shows, it asks for by its user's key.
_PAGE = frozenset({"/console", "/console/", *(f"/console/{name}" for name in FILES)})

#: What machines and people on this machine may ask without one: nothing in it is a caller's.
_FROM_HERE = frozenset({"/metrics", "/docs", "/openapi.json"})

#: Who is not let in: an event each, since operators look for them by key.
_REFUSALS = (UnauthenticatedError, RateLimitedError, QuotaError)

#: nginx's number for a caller that hung up before it was answered; never sent.
CLIENT_CLOSED = 499


class Gate:
    """Pure ASGI middleware around the whole application.

    Errors of our tree become envelopes here; anything unforeseen becomes a 500 without a word of
    its traceback, which goes to the log under the request's id.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        accounts: Accounts,
        keyring: Keyring,
        settings: ApiSettings,
        audited: Audited | None = None,
        clock: Callable[[], float] = time.perf_counter,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._accounts = accounts
        self._keyring = keyring
        self._settings = settings
        self._audited = audited or Audited(None)
        self._shedding = Shedding(
            Bounds(max_in_flight=settings.max_in_flight, max_delay_s=settings.max_delay_s)
        )
        self._clock = clock
        self._wall_clock = wall_clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens in it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = scope[KEY] = self._exchange(scope)
        IN_FLIGHT.inc()
        with about(request_id=exchange.request_id, batch=exchange.batch):
            try:
                await self._answer(scope, receive, send)
            finally:
                IN_FLIGHT.dec()
                exchange.unpin()
                _name_endpoint(exchange, scope)
                end(exchange)
                self._audited.note(exchange, scope)
                self._accounts.settle(exchange, method=scope["method"], path=scope["path"])

    def _exchange(self, scope: Scope) -> Exchange:
        given = next((v for k, v in scope["headers"] if k == b"x-request-id"), None)
        is_valid = given is not None and _REQUEST_ID.fullmatch(given) is not None
        call_id = uuid4().hex
        return Exchange(
            request_id=given.decode() if given is not None and is_valid else f"req-{call_id}",
            created_s=self._wall_clock(),
            clock=self._clock,
            started_s=self._clock(),
            call_id=call_id,
            timeout_s=scope.get(TIMEOUT_S),
            batch=scope.get(BATCH),
            ignored=() if given is None or is_valid else ("x-request-id",),
        )

    def _headers(self, exchange: Exchange) -> list[tuple[bytes, bytes]]:
        return headers_of(exchange, sends_x_request_id=self._settings.sends_x_request_id)

    async def _caller(self, scope: Scope) -> Caller:
        if (owner := scope.get(OWNER)) is not None:
            return await self._keyring.caller_of_owner(owner)
        if scope["path"] in FOR_ANYBODY or scope["path"] in _PAGE:
            return ANYBODY
        # Several are told as one, as HTTP joins them: no keyring takes that for a key.
        given = [v for k, v in scope["headers"] if k == b"authorization"]
        if (
            not given
            and scope["path"] in _FROM_HERE
            and why_elsewhere(HTTPConnection(scope)) is None
        ):
            return ANYBODY
        return await self._keyring.caller_of(b", ".join(given).decode("latin-1") or None)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope[KEY]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = [*message.get("headers", ()), *self._headers(exchange)]
            await send(message)

        try:
            with self._shedding.entered(scope):
                exchange.caller = await self._caller(scope)
                await self._app(scope, receive, send_with_headers)
        except ClientGoneError:
            exchange.end(CLIENT_CLOSED, "client_closed")
        except asyncio.CancelledError:  # how Ray Serve says that the caller hung up
            exchange.end(CLIENT_CLOSED, "client_closed")
            raise
        except Exception as error:
            if not isinstance(error, OrchestratorError):
                log.exception("unforeseen error in request %s", exchange.request_id)
            if exchange.status:
                raise  # the answer has begun: only the server can still break it off
            await _send_error(send_with_headers, exchange, _known(error, exchange))


def _known(error: Exception, exchange: Exchange) -> OrchestratorError:
    if isinstance(error, OrchestratorError):
        return error
    return OrchestratorError(
        f"an unforeseen error; the service's log has it under request id {exchange.request_id!r}"
    )


async def _send_error(send: Send, exchange: Exchange, error: OrchestratorError) -> None:
    exchange.error_code = error.code
    if isinstance(error, _REFUSALS):
        key = exchange.caller.key_id
        tell(log, "refusal", key=key, limit=error.code, reason=error.message)
    body = envelope_of(error)
    let_go(error)
    headers = [*as_asgi(headers_for(error)), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _name_endpoint(exchange: Exchange, scope: Scope) -> None:
    """The route's template, so that metrics do not grow with ids in paths."""
    route = scope.get("route")
    if exchange.endpoint == "other" and route is not None:
        exchange.endpoint = route.path
