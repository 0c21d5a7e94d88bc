"""As much of HTTP/1.1 as a load generator needs: one response at a time, body as it arrives."""

from __future__ import annotations

_CRLF = b"\r\n"
_LENGTH = b"\r\ncontent-length:"


class Response:
    """A response being read.

    Feed it what the socket gives; it hands back the body bytes that were new.
    """

    def __init__(self) -> None:
        #: Status code, 0 until the head is complete.
        self.status = 0
        #: The last byte has been read.
        self.is_complete = False
        #: The server will close the connection after this response.
        self.closes = False
        self._buffer = b""
        self._is_chunked = False
        self._is_last = False
        #: Bytes missing of the body, or of the chunk being read; -1 before a chunk's size.
        self._missing = -1

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the socket and return the body bytes among them."""
        self._buffer += data
        if not self.status and not self._read_head():
            return b""
        return self._read_chunks() if self._is_chunked else self._read_plain()

    def _read_head(self) -> bool:
        head, found, rest = self._buffer.partition(_CRLF + _CRLF)
        if not found:
            return False
        self.status = int(head.split(b" ", 2)[1])
        lowered = head.lower()
        self.closes = b"\r\nconnection: close" in lowered
        self._is_chunked = b"\r\ntransfer-encoding: chunked" in lowered
        self._missing = -1 if self._is_chunked else content_length(head)
        self._buffer = rest
        return True

    def _read_plain(self) -> bytes:
        body = self._take()
        self.is_complete = self._missing == 0
        return body

    def _read_chunks(self) -> bytes:
        pieces = []
        while not self.is_complete:
            if self._missing < 0 and not self._read_size():
                break
            pieces.append(self._take())
            if self._missing or not self._end_chunk():
                break
        return b"".join(pieces)

    def _read_size(self) -> bool:
        line, found, rest = self._buffer.partition(_CRLF)
        if not found:
            return False
        self._missing = int(line.split(b";")[0], 16)
        self._is_last = self._missing == 0
        self._buffer = rest
        return True

    def _end_chunk(self) -> bool:
        if len(self._buffer) < len(_CRLF):
            return False
        self._buffer = self._buffer[len(_CRLF) :]
        self._missing = -1
        self.is_complete = self._is_last
        return True

    def _take(self) -> bytes:
        piece, self._buffer = self._buffer[: self._missing], self._buffer[self._missing :]
        self._missing -= len(piece)
        return piece


def content_length(head: bytes) -> int:
    """Length of the body that `head` announces, bytes; 0 without the header."""
    lowered = head.lower()
    at = lowered.find(_LENGTH)
    if at < 0:
        return 0
    return int(lowered[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
