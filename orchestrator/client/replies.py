"""Replies of the service as values, read once for the blocking and the asynchronous client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias, TypeVar

from pydantic import ValidationError

from orchestrator.client.failures import UnexpectedReplyError, failure, unexpected
from orchestrator.client.stages import Stage
from orchestrator.client.wire import Completion, CompletionChunk, Origin, Waiting
from orchestrator.client.wire_form import Wire

W = TypeVar("W", bound=Wire)

_DONE = b"[DONE]"
#: How the comments begin that say where a call stands; those of proxies say other things.
_WAITING = b": waiting position="
#: The event of a stage: a chunk with the stage beside its choices.
_STAGE = b"orchestrator.stage"
#: Header -> the field of `Origin` that it is.
HEADERS = {
    "x-orchestrator-request-id": "request_id",
    "x-orchestrator-model": "model",
    "x-orchestrator-expert": "expert",
    "x-orchestrator-router": "router",
    "x-orchestrator-failed": "failed",
    "x-orchestrator-reached": "reached",
    "x-orchestrator-fallback": "is_fallback",
    "x-orchestrator-recalled": "is_recalled",
    "x-orchestrator-replayed": "is_replayed",
    "x-orchestrator-cache": "cache",
    "x-orchestrator-ignored": "ignored",
    "x-orchestrator-defaults": "defaults",
    "x-orchestrator-cost-usd": "cost_usd",
    "x-orchestrator-generation": "generation",
    "x-orchestrator-overhead-ms": "overhead_ms",
    "x-orchestrator-queue-position": "queue_position",
    "x-orchestrator-expected-wait-s": "expected_wait_s",
    "x-orchestrator-waited-s": "waited_s",
}


def read(kind: type[W], body: bytes) -> W:
    """A JSON body as the value it should be.

    Raises:
        UnexpectedReplyError: it is something else.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as exc:
        raise unexpected(body, exc) from exc


def read_completion(body: bytes, headers: Mapping[str, str]) -> Completion:
    """A complete chat answer.

    Raises:
        UnexpectedReplyError: it is something else.
    """
    return read(Completion, body).model_copy(update={"origin": origin_of(headers)})


def origin_of(headers: Mapping[str, str]) -> Origin:
    """Who answered, as the headers have it.

    Raises:
        UnexpectedReplyError: a number in them is none.
    """
    told = {HEADERS[name]: value for name, value in headers.items() if name in HEADERS}
    try:
        return Origin.model_validate(told)
    except ValidationError as exc:
        raise unexpected(repr(told).encode(), exc) from exc


#: What a streamed chat is made of: its chunks, and before them its wait and its stages.
Event: TypeAlias = CompletionChunk | Waiting | Stage


class _StageEvent(Wire):
    orchestrator: Stage


class EventReader:
    """Turns the bytes of an event stream into chunks, waits and stages, however they are cut.

    Lines end at LF or CRLF only: JSON may hold other characters that `str.splitlines` cuts at.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._name = b""
        self._is_done = False

    def feed(self, piece: bytes) -> Iterator[Event]:
        """What `piece` completes.

        Raises:
            OrchestratorError: the service reported an error inside the stream.
            UnexpectedReplyError: an event, or a comment of waiting, is not what it should be.
        """
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            yield from self._line(line.removesuffix(b"\r"))

    def finish(self) -> None:
        """Say that the stream has ended.

        Raises:
            UnexpectedReplyError: it ended before the service said so.
        """
        if not self._is_done:
            raise UnexpectedReplyError("the stream broke off before its end: the answer is partial")

    def _line(self, line: bytes) -> Iterator[Event]:
        if line.startswith(b"data:"):
            self._data.append(line.removeprefix(b"data:").removeprefix(b" "))
        elif line.startswith(b"event:"):
            self._name = line.removeprefix(b"event:").strip()
        elif line.startswith(_WAITING):
            yield _waiting(line)
        elif not line and self._data:
            event, self._data = b"\n".join(self._data), []
            name, self._name = self._name, b""
            yield from self._event(event, name)

    def _event(self, event: bytes, name: bytes) -> Iterator[Event]:
        if event == _DONE:
            self._is_done = True
        elif event.startswith(b'{"error"'):
            raise failure(event)
        elif name == _STAGE:
            yield read(_StageEvent, event).orchestrator
        elif not self._is_done:
            yield read(CompletionChunk, event)


def _waiting(comment: bytes) -> Waiting:
    pairs = (word.partition("=") for word in comment.decode(errors="replace").split())
    try:
        return Waiting.model_validate({name: value for name, _, value in pairs})
    except ValidationError as exc:
        raise unexpected(comment, exc) from exc
