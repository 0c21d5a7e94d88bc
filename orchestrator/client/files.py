"""`client.files`: files that batches read and write."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from orchestrator.client.batch_calls import (
    Source,
    content_call,
    delete_file_call,
    file_call,
    files_call,
    opened,
    upload_call,
    upload_fields,
)
from orchestrator.client.batch_wire import DeletedFile, FileList, StoredFile
from orchestrator.client.connections import AsyncConnection, Connection
from orchestrator.client.failures import translated
from orchestrator.client.replies import read
from orchestrator.client.watching import Download
from orchestrator.errors import OrchestratorError


class Files:
    """Of the blocking client; what changes nothing is asked again while it fails for a while.

    Every method raises `OrchestratorError`s: what the service says, or a `ClientError`.
    """

    def __init__(self, to: Connection) -> None:
        self._to = to

    def upload(
        self,
        file: Source,
        *,
        filename: str | None = None,
        purpose: str = "batch",
        expires_after_s: int | None = None,
        idempotency_key: str | None = None,
    ) -> StoredFile:
        """Have the service keep a file; it is read while it is sent, whatever its size.

        Args:
            file: its path, or the file itself, open for reading bytes.
            filename: what it is called there; as here by default.
            purpose: `batch`.
            expires_after_s: the service forgets it then; it keeps it by default.
            idempotency_key: names the upload: sent again, it is the same file. What failed for a
                while is then sent again, from its beginning, so the file must be one that can seek.
        """
        with opened(file) as content:
            fields = upload_fields(purpose=purpose, expires_after_s=expires_after_s)
            call = upload_call(
                content, filename=filename, fields=fields, idempotency_key=idempotency_key
            )
            return read(StoredFile, self._to.complete(call).content)

    def list(
        self, *, purpose: str | None = None, after: str | None = None, limit: int = 100
    ) -> FileList:
        """A page of files, newest first; the next one is behind its last id."""
        call = files_call(purpose=purpose, after=after, limit=limit)
        return read(FileList, self._to.repeated(call))

    def get(self, file_id: str) -> StoredFile:
        """What is known of a file."""
        return read(StoredFile, self._to.repeated(file_call(file_id)))

    def delete(self, file_id: str) -> None:
        """Remove a file; one that a batch still reads is kept, with an error."""
        read(DeletedFile, self._to.complete(delete_file_call(file_id)).content)

    def content(self, file_id: str) -> bytes:
        """All that is in a file, in memory."""
        return self._to.repeated(content_call(file_id))

    def lines(self, file_id: str) -> Iterator[bytes]:
        """Its lines one by one; where the connection breaks it goes on at the same byte."""
        download = Download(retries=self._to.retries)
        while True:
            try:
                yield from self._pieces(file_id, download)
                break
            except OrchestratorError as exc:
                wait_s = download.failed(exc, draw=random.random())
            self._to.pause(wait_s)
        yield from download.finish()

    def _pieces(self, file_id: str, download: Download) -> Iterator[bytes]:
        response = self._to.begin(content_call(file_id, start=download.start))
        download.begin(response.status_code)
        with translated(self._to.base_url):
            try:
                for piece in response.iter_bytes():
                    yield from download.feed(piece)
            finally:
                response.close()


class AsyncFiles:
    """Of the asynchronous client; arguments and errors as those of `Files`."""

    def __init__(self, to: AsyncConnection) -> None:
        self._to = to

    async def upload(
        self,
        file: Source,
        *,
        filename: str | None = None,
        purpose: str = "batch",
        expires_after_s: int | None = None,
        idempotency_key: str | None = None,
    ) -> StoredFile:
        """Have the service keep a file; see `Files.upload`."""
        with opened(file) as content:
            fields = upload_fields(purpose=purpose, expires_after_s=expires_after_s)
            call = upload_call(
                content, filename=filename, fields=fields, idempotency_key=idempotency_key
            )
            return read(StoredFile, (await self._to.complete(call)).content)

    async def list(
        self, *, purpose: str | None = None, after: str | None = None, limit: int = 100
    ) -> FileList:
        """A page of files, newest first; the next one is behind its last id."""
        call = files_call(purpose=purpose, after=after, limit=limit)
        return read(FileList, await self._to.repeated(call))

    async def get(self, file_id: str) -> StoredFile:
        """What is known of a file."""
        return read(StoredFile, await self._to.repeated(file_call(file_id)))

    async def delete(self, file_id: str) -> None:
        """Remove a file; one that a batch still reads is kept, with an error."""
        read(DeletedFile, (await self._to.complete(delete_file_call(file_id))).content)

    async def content(self, file_id: str) -> bytes:
        """All that is in a file, in memory."""
        return await self._to.repeated(content_call(file_id))

    async def lines(self, file_id: str) -> AsyncGenerator[bytes, None]:
        """Its lines one by one; where the connection breaks it goes on at the same byte."""
        download = Download(retries=self._to.retries)
        while True:
            try:
                async with aclosing(self._pieces(file_id, download)) as pieces:
                    async for line in pieces:
                        yield line
                break
            except OrchestratorError as exc:
                wait_s = download.failed(exc, draw=random.random())
            await self._to.pause(wait_s)
        for line in download.finish():
            yield line

    async def _pieces(self, file_id: str, download: Download) -> AsyncGenerator[bytes, None]:
        response = await self._to.begin(content_call(file_id, start=download.start))
        download.begin(response.status_code)
        with translated(self._to.base_url):
            try:
                async for piece in response.aiter_bytes():
                    for line in download.feed(piece):
                        yield line
            finally:
                await response.aclose()
