"""`client.files`: files that batches read and write."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from contextlib import aclosing

from orchestrator.client import batch_calls as calls
from orchestrator.client.asynchronous.connections import AsyncConnection
from orchestrator.client.batch_wire import DeletedFile, FileList, StoredFile
from orchestrator.client.failures import translated
from orchestrator.client.watching import Download
from orchestrator.errors import OrchestratorError


class AsyncFiles:
    """Files of a service; what changes nothing is asked again while it fails for a while.

    Every method raises `OrchestratorError`s: what the service says, or a `ClientError`.
    """

    def __init__(self, to: AsyncConnection) -> None:
        self._to = to

    async def upload(
        self,
        file: calls.Source,
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

        Example:
            ```python
            kept = await client.files.upload("questions.jsonl", expires_after_s=86_400)
            print(kept.filename, kept.purpose)  # questions.jsonl batch
            ```
        """
        with calls.opened(file) as content:
            fields = calls.upload_fields(purpose=purpose, expires_after_s=expires_after_s)
            call = calls.upload_call(
                content, filename=filename, fields=fields, idempotency_key=idempotency_key
            )
            return await self._to.ask(StoredFile, call)

    async def list(
        self, *, purpose: str | None = None, after: str | None = None, limit: int = 100
    ) -> FileList:
        """A page of files, newest first; the next one is behind its last id.

        Example:
            ```python
            page = await client.files.list(limit=10)
            print([one.filename for one in page.data])
            if page.has_more:
                page = await client.files.list(limit=10, after=page.data[-1].id)
            ```
        """
        call = calls.files_call(purpose=purpose, after=after, limit=limit)
        return await self._to.ask(FileList, call)

    async def get(self, file_id: str) -> StoredFile:
        """What is known of a file.

        Example:
            ```python
            kept = await client.files.upload("questions.jsonl")
            found = await client.files.get(kept.id)
            print(found.purpose)  # batch
            ```
        """
        return await self._to.ask(StoredFile, calls.file_call(file_id))

    async def delete(self, file_id: str) -> None:
        """Remove a file; one that a batch still reads is kept, with an error.

        Example:
            ```python
            kept = await client.files.upload("questions.jsonl")
            await client.files.delete(kept.id)
            ```
        """
        await self._to.ask(DeletedFile, calls.delete_file_call(file_id))

    async def content(self, file_id: str) -> bytes:
        """All that is in a file, in memory.

        Example:
            ```python
            kept = await client.files.upload("questions.jsonl")
            content = await client.files.content(kept.id)
            print(len(content) == kept.num_bytes)  # True
            ```
        """
        return (await self._to.complete(calls.content_call(file_id))).content

    async def lines(self, file_id: str) -> AsyncGenerator[bytes, None]:
        """Its lines one by one; where the connection breaks it goes on at the same byte.

        Example:
            ```python
            kept = await client.files.upload("questions.jsonl")
            async for line in client.files.lines(kept.id):
                print(line.decode())
            ```
        """
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
        response = await self._to.begin(calls.rest_call(file_id, start=download.start))
        download.begin(response.status_code)
        with translated(self._to.base_url):
            try:
                async for piece in response.aiter_bytes():
                    for line in download.feed(piece):
                        yield line
            finally:
                await response.aclose()
