"""The contents of a file as an answer: streamed, as fast as the caller takes them."""

from __future__ import annotations

from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from orchestrator.api.byte_range import ByteRange
from orchestrator.api.connection import ClientGoneError, connected
from orchestrator.batch.files import contents_of
from orchestrator.batch.storage import Storage
from orchestrator.batch.stored_file import StoredFile
from orchestrator.errors import StorageError

#: What is read at a time: a storage elsewhere takes a request for each.
_PIECE_BYTES = 2**20


class ContentsReply(Response):
    """All of a file, or a range of it.

    Args:
        storage: has the contents.
        file: which.
        asked: the range; `None` for all of it.
    """

    def __init__(self, storage: Storage, file: StoredFile, *, asked: ByteRange | None) -> None:
        whole = ByteRange(start=0, end=file.num_bytes)
        self.background = None
        self.status_code = 200 if asked is None else 206
        self._storage = storage
        self._path = contents_of(file.id)
        self._range = asked or whole
        self.raw_headers = [
            (b"content-type", b"application/octet-stream"),
            (b"content-length", b"%d" % self._range.length),
            (b"accept-ranges", b"bytes"),
            # What callers uploaded is never a page of ours.
            (b"x-content-type-options", b"nosniff"),
        ]
        if asked is not None:
            spelled = b"bytes %d-%d/%d" % (asked.start, asked.end - 1, file.num_bytes)
            self.raw_headers.append((b"content-range", spelled))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head once the first piece is there, so that a missing file is an error."""
        left = self._range.length
        head = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        # A range's last piece is cut: storages stream to the end.
        stream = self._storage.stream(self._path, start=self._range.start, chunk_bytes=_PIECE_BYTES)
        async with aclosing(stream), connected(receive):
            is_begun = False
            while left > 0:
                piece = (await anext(stream, b""))[:left]
                if not piece:
                    raise StorageError(f"{self._path!r} is shorter in the storage than it was")
                if not is_begun:
                    await _send(send, head)
                    is_begun = True
                left -= len(piece)
                body = {"type": "http.response.body", "body": piece, "more_body": left > 0}
                await _send(send, body)
            if not is_begun:
                await _send(send, head)
                await _send(send, {"type": "http.response.body", "body": b""})


async def _send(send: Send, message: dict[str, object]) -> None:
    try:
        await send(message)
    except OSError as error:
        raise ClientGoneError from error
