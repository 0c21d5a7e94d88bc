"""Server-sent events out of a byte stream that may be split anywhere."""

from __future__ import annotations

from orchestrator.errors import EngineProtocolError

#: The longest event taken, bytes; a stream that never ends one is not the protocol.
MAX_EVENT_BYTES = 16 * 2**20

_BOM = b"\xef\xbb\xbf"


class SseParser:
    """Collects the `data` of events; comments and other fields are passed over.

    Lines end in LF, CRLF or CR, and an event's data lines are joined by LF, as in the WHATWG's
    standard. What is left unfinished at the end of a stream is no event.
    """

    __slots__ = ("_data", "_is_begun", "_num_bytes", "_tail")

    def __init__(self) -> None:
        self._tail = b""
        self._data: list[bytes] = []
        self._num_bytes = 0
        self._is_begun = False

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next bytes and return the data of every event they complete.

        Raises:
            EngineProtocolError: an event is longer than `MAX_EVENT_BYTES`.
        """
        text = self._tail + piece
        if not self._is_begun:
            if len(text) < len(_BOM) and _BOM.startswith(text):
                self._tail = text
                return []
            text = text.removeprefix(_BOM)
            self._is_begun = True
        lines = self._lines(text)
        events: list[bytes] = []
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                events.append(b"\n".join(self._data))
                self._data, self._num_bytes = [], 0
        if self._num_bytes + len(self._tail) > MAX_EVENT_BYTES:
            raise EngineProtocolError(f"an event is longer than {MAX_EVENT_BYTES} bytes")
        return events

    def _lines(self, text: bytes) -> list[bytes]:
        if b"\r" in text:
            held = b"\r" if text.endswith(b"\r") else b""  # its LF may come with the next piece
            text = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        else:
            held = b""
        *lines, tail = text.split(b"\n")
        self._tail = tail + held
        return lines

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._num_bytes += len(value)
