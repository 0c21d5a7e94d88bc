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

    __slots__ = ("_data", "_is_begun", "_num_bytes", "_num_held", "_tail")

    def __init__(self) -> None:
        #: What came of a line that has not ended.
        self._tail: list[bytes] = []
        self._num_held = 0
        self._data: list[bytes] = []
        self._num_bytes = 0
        self._is_begun = False

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next bytes and return the data of every event they complete.

        Raises:
            EngineProtocolError: an event is longer than `MAX_EVENT_BYTES`.
        """
        if self._goes_on(piece):
            self._hold(piece)
            events = []
        else:
            events = self._events(self._lines(self._taken(piece)))
        if self._num_bytes + self._num_held > MAX_EVENT_BYTES:
            self._let_go()  # an error keeps those alive in whose frames it arose
            raise EngineProtocolError(f"an event is longer than {MAX_EVENT_BYTES} bytes")
        return events

    def _goes_on(self, piece: bytes) -> bool:
        """Whether the line that has not ended does not end here, so that it is not looked at."""
        if not self._is_begun or b"\n" in piece or b"\r" in piece:
            return False
        return not (self._tail and self._tail[-1].endswith(b"\r"))

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._tail.append(piece)
            self._num_held += len(piece)

    def _taken(self, piece: bytes) -> bytes:
        """All that was held, with this; the mark of a stream's beginning is taken off."""
        text = b"".join((*self._tail, piece))
        self._tail, self._num_held = [], 0
        if self._is_begun:
            return text
        if len(text) < len(_BOM) and _BOM.startswith(text):
            return text
        self._is_begun = True
        return text.removeprefix(_BOM)

    def _let_go(self) -> None:
        self._tail, self._num_held = [], 0
        self._data, self._num_bytes = [], 0

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events: list[bytes] = []
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                events.append(b"\n".join(self._data))
                self._data, self._num_bytes = [], 0
        return events

    def _lines(self, text: bytes) -> list[bytes]:
        if b"\r" in text:
            held = b"\r" if text.endswith(b"\r") else b""  # its LF may come with the next piece
            text = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        else:
            held = b""
        *lines, tail = text.split(b"\n")
        self._hold(tail + held)
        return lines

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._num_bytes += len(value)
