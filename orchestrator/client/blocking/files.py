# Made of asynchronous/files.py by `python orchestrator/client/twin.py`: edit that one.
"""`client.files`: files that batches read and write."""

from __future__ import annotations

import random
from collections.abc import Generator
from contextlib import closing

from orchestrator.client import batch_calls as calls
from orchestrator.client.batch_wire import DeletedFile, FileList, StoredFile
from orchestrator.client.blocking.connections import Connection
from orchestrator.client.failures import translated
from orchestrator.client.watching import Download
from orchestrator.errors import OrchestratorError


class Files:
    """Files of a service; what changes nothing is asked again while it fails for a while.

    Every method raises `OrchestratorError`s: what the service says, or a `ClientError`.
    """

    def __init__(self, to: Connection) -> None:
        self._to = to

    def upload(
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
            kept = client.files.upload("questions.jsonl", expires_after_s=86_400)
            print(kept.filename, kept.purpose)  # questions.jsonl batch
            ```
        """
        with calls.opened(file) as content:
            fields = calls.upload_fields(purpose=purpose, expires_after_s=expires_after_s)
            call = calls.upload_call(
                content, filename=filename, fields=fields, idempotency_key=idempotency_key
            )
            return self._to.ask(StoredFile, call)

    def list(
        self, *, purpose: str | None = None, after: str | None = None, limit: int = 100
    ) -> FileList:
        """A page of files, newest first; the next one is behind its last id.

        Example:
            ```python
            page = client.files.list(limit=10)
            print([one.filename for one in page.data])
            if page.has_more:
                page = client.files.list(limit=10, after=page.data[-1].id)
            ```
        """
        call = calls.files_call(purpose=purpose, after=after, limit=limit)
        return self._to.ask(FileList, call)

    def get(self, file_id: str) -> StoredFile:
        """What is known of a file.

        Example:
            ```python
            kept = client.files.upload("questions.jsonl")
            found = client.files.get(kept.id)
            print(found.purpose)  # batch
            ```
        """
        return self._to.ask(StoredFile, calls.file_call(file_id))

    def delete(self, file_id: str) -> None:
        """Remove a file; one that a batch still reads is kept, with an error.

        Example:
            ```python
            kept = client.files.upload("questions.jsonl")
            client.files.delete(kept.id)
            ```
        """
        self._to.ask(DeletedFile, calls.delete_file_call(file_id))

    def content(self, file_id: str) -> bytes:
        """All that is in a file, in memory.

        Example:
            ```python
            kept = client.files.upload("questions.jsonl")
            content = client.files.content(kept.id)
            print(len(content) == kept.num_bytes)  # True
            ```
        """
        return self._to.complete(calls.content_call(file_id)).content

    def lines(self, file_id: str) -> Generator[bytes, None, None]:
        """Its lines one by one; where the connection breaks it goes on at the same byte.

        Example:
            ```python
            kept = client.files.upload("questions.jsonl")
            for line in client.files.lines(kept.id):
                print(line.decode())
            ```
        """
        download = Download(retries=self._to.retries)
        while True:
            try:
                with closing(self._pieces(file_id, download)) as pieces:
                    for line in pieces:
                        yield line
                break
            except OrchestratorError as exc:
                wait_s = download.failed(exc, draw=random.random())
            self._to.pause(wait_s)
        for line in download.finish():
            yield line

    def _pieces(self, file_id: str, download: Download) -> Generator[bytes, None, None]:
        response = self._to.begin(calls.rest_call(file_id, start=download.start))
        download.begin(response.status_code)
        with translated(self._to.base_url):
            try:
                for piece in response.iter_bytes():
                    yield from download.feed(piece)
            finally:
                response.close()
