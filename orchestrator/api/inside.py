"""The endpoint for lines of batches: requests that are made in the endpoint's own process.

A line goes through the same application as a request that comes by HTTP, so all that holds for one
holds for it: validation, limits, compositions, records, errors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Scope

from orchestrator.access.keyring import Keyring, Open
from orchestrator.access.metering import Meters
from orchestrator.api.binding import bound_limits, require_model
from orchestrator.api.embedding_request import EmbeddingRequest, embed_query
from orchestrator.api.exchange import BATCH, OWNER, TIMEOUT_S
from orchestrator.api.faults import parse
from orchestrator.api.headers import COST_USD
from orchestrator.api.parameters import settle
from orchestrator.api.queries import chat_query, completion_query
from orchestrator.api.requests import CallerRequest, ChatRequest, CompletionRequest
from orchestrator.batch.line import Line, LineReply
from orchestrator.compositions.base import Decision, Query
from orchestrator.compositions.embedding import EmbedQuery
from orchestrator.compositions.programs import Programs
from orchestrator.compositions.size import size_of
from orchestrator.errors import InvalidRequestError, UnsupportedParameterError
from orchestrator.events.telling import about
from orchestrator.planner.workload import PlannedCall

#: Which calls a decided query is expected to make, stage by stage.
Outline = Callable[[Programs, Query, Decision], tuple[PlannedCall, ...]]

R = TypeVar("R", bound=CallerRequest)

#: Of a `custom_id` that log lines have.
_MAX_ID = 128
#: A line has none: its batch's owner has said all that binds it.
_NO_HEADERS = Headers()
_EMBEDDINGS = "/v1/embeddings"
_CHAT = "/v1/chat/completions"
_COMPLETIONS = "/v1/completions"


class InsideEndpoint:
    """An `Endpoint` over the application in this process.

    Args:
        app: answers lines.
        live: the programs of the live generation, which lines are validated by.
        outline: says which calls a line will make.
        timeout_s: longest time of one line, seconds; nobody waits for it.
        keyring: knows whose terms bind a line; the application's own.
        meters: have lines wait; the application's own.
    """

    def __init__(
        self,
        app: ASGIApp,
        live: Callable[[], Programs],
        *,
        outline: Outline,
        timeout_s: float,
        keyring: Keyring | None = None,
        meters: Meters | None = None,
    ) -> None:
        self._app = app
        self._live = live
        self._outline = outline
        self._timeout_s = timeout_s
        self._keyring = keyring or Open()
        self._meters = meters

    async def foresee(self, line: Line, *, owner: str = "") -> tuple[PlannedCall, ...]:
        """See `Endpoint.foresee`."""
        programs, caller = self._live(), await self._keyring.caller_of_owner(owner)
        limits = bound_limits(_NO_HEADERS, caller, programs)
        if line.url == _EMBEDDINGS:
            asked = _embedding(line)
            require_model(asked.model, caller, programs)
            return _vectors(programs, replace(asked, limits=limits))
        query = replace(_query(line), limits=limits)
        require_model(query.model, caller, programs)
        decision = await programs.decide(query)
        return self._outline(programs, query, decision)

    async def answer(self, line: Line, *, call_id: str, batch: str, owner: str) -> LineReply:
        """See `Endpoint.answer`."""
        exchanged = _Exchanged(line.body)
        scope = {**self._scope(line, call_id), OWNER: owner, BATCH: batch}
        with about(line=line.custom_id[:_MAX_ID]):
            await self._app(scope, exchanged.receive, exchanged.send)
        return exchanged.reply(call_id)

    def held_up(self, owner: str) -> str | None:
        """See `Endpoint.held_up`."""
        return None if self._meters is None else self._meters.held_up(owner)

    def _scope(self, line: Line, call_id: str) -> Scope:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": line.url,
            "raw_path": line.url.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [
                (b"host", b"localhost"),
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(line.body)),
                (b"x-request-id", call_id.encode()),
            ],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 0),
            # No header: callers by HTTP cannot have it.
            TIMEOUT_S: self._timeout_s,
        }


@dataclass(slots=True)
class _Exchanged:
    """What is sent to the application, and what it sends back."""

    body: bytes
    status_code: int = 500
    headers: Headers = field(default_factory=Headers)
    parts: list[bytes] = field(default_factory=list)
    is_sent: bool = False

    async def receive(self) -> Message:
        """The body at once, and then nothing: nobody hangs up."""
        if not self.is_sent:
            self.is_sent = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody sets it")

    async def send(self, message: Message) -> None:
        """Keep what is answered."""
        if message["type"] == "http.response.start":
            self.status_code = message["status"]
            self.headers = Headers(raw=list(message["headers"]))
        else:
            self.parts.append(message.get("body", b""))

    def reply(self, call_id: str) -> LineReply:
        """As a batch has it."""
        after_s = self.headers.get("retry-after")
        cost_usd = self.headers.get(COST_USD.decode())
        is_retryable = after_s is not None or self.headers.get("x-should-retry") == "true"
        return LineReply(
            status_code=self.status_code,
            request_id=self.headers.get("x-orchestrator-request-id", call_id),
            body=b"".join(self.parts),
            cost_usd=None if cost_usd is None else float(cost_usd),
            is_retryable=is_retryable and self.status_code >= 400,
            retry_after_s=None if after_s is None else float(after_s),
        )


def _query(line: Line) -> Query:
    """What a line asks for.

    Raises:
        RequestError: its body is not what its endpoint takes.
    """
    if line.url == _CHAT:
        return chat_query(_read(ChatRequest, line), call_id=line.custom_id)
    if line.url == _COMPLETIONS:
        return completion_query(_read(CompletionRequest, line), call_id=line.custom_id)
    raise InvalidRequestError(
        f"'url' is {line.url[:128]!r}; allowed: {_CHAT}, {_COMPLETIONS}, {_EMBEDDINGS}", param="url"
    )


def _read(model: type[R], line: Line) -> R:
    asked = parse(model, line.body)
    settle(asked.model_extra or {}, known=model.model_fields)
    if asked.stream:
        raise UnsupportedParameterError(
            "'stream' is true; a batch's answers are whole: leave it out", param="stream"
        )
    return asked


def _embedding(line: Line) -> EmbedQuery:
    asked = parse(EmbeddingRequest, line.body)
    settle(asked.model_extra or {}, known=EmbeddingRequest.model_fields)
    return embed_query(asked, call_id=line.custom_id)


def _vectors(programs: Programs, query: EmbedQuery) -> tuple[PlannedCall, ...]:
    decision = programs.embedder(query.model).decide(query)
    sizes = [size_of(text) for text in query.inputs]
    num_tokens = sum(size.low + size.high for size in sizes) / 2
    return (
        PlannedCall(stage=0, expert=decision.expert, prompt_tokens=num_tokens, output_tokens=0.0),
    )
