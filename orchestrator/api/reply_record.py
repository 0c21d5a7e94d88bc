"""An answer as it went out, to be told again: status, headers and body in one value."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson
from starlette.types import Message, Send

Pairs = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRecord:
    """What the application answered, before the gate adds its headers."""

    status: int
    headers: Pairs
    body: bytes
    #: False: it was longer than what is kept, and only that it was is known.
    is_whole: bool = True

    def packed(self) -> bytes:
        """As one value of a store: a line of JSON, then the body."""
        pairs = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in self.headers]
        head = {"version": 1, "status": self.status, "headers": pairs, "whole": self.is_whole}
        return orjson.dumps(head) + b"\n" + self.body

    async def send(self, send: Send) -> None:
        """Tell it again."""
        start = {"type": "http.response.start", "status": self.status, "headers": self.headers}
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


def unpacked(value: bytes) -> ReplyRecord:
    """What `packed` made."""
    head, _, body = value.partition(b"\n")
    said = orjson.loads(head)
    pairs = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in said["headers"]]
    return ReplyRecord(status=said["status"], headers=pairs, body=body, is_whole=said["whole"])


@dataclass(slots=True, kw_only=True)
class Recording:
    """Notes an answer as it goes by, up to a length."""

    max_bytes: int
    _status: int = 0
    _headers: Pairs = field(default_factory=list)
    _parts: list[bytes] = field(default_factory=list)
    _num_bytes: int = 0

    def note(self, message: Message) -> bool:
        """Take in one message; whether the answer is complete with it."""
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message.get("headers", ()))
            return False
        part = message.get("body", b"")
        self._num_bytes += len(part)
        if self._num_bytes <= self.max_bytes:
            self._parts.append(part)
        else:
            self._parts.clear()
        return not message.get("more_body", False)

    @property
    def is_success(self) -> bool:
        """Whether it answers what was asked."""
        return 200 <= self._status < 300

    @property
    def record(self) -> ReplyRecord:
        """All of it."""
        is_whole = self._num_bytes <= self.max_bytes
        body = b"".join(self._parts) if is_whole else b""
        return ReplyRecord(status=self._status, headers=self._headers, body=body, is_whole=is_whole)
