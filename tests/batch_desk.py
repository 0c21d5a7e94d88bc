"""Batches for tests: input files, an office in memory, and what it ended with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from orchestrator.batch.asked import NewBatch
from orchestrator.batch.batch import ENDED, Batch
from orchestrator.batch.batch_spans import BatchSpans
from orchestrator.batch.endpoint import Endpoint
from orchestrator.batch.executing import Executor
from orchestrator.batch.fake_endpoint import FakeEndpoint
from orchestrator.batch.files import Files, contents_of
from orchestrator.batch.in_order import InOrderExecutor
from orchestrator.batch.office import BatchOffice
from orchestrator.batch.settings import BatchSettings
from orchestrator.batch.storage import Storage
from orchestrator.batch.storage_memory import MemoryStorage
from orchestrator.batch.stored_file import StoredFile
from tests.polling import until

CHAT = "/v1/chat/completions"
#: Nothing is waited for that need not be.
QUICK = BatchSettings(commit_s=0.002, retry_s=0.002, max_retry_s=0.01, history_s=0.01)


def line(custom_id: str, *, model: str = "math", **fields: Any) -> bytes:
    """One line of an input file."""
    asked = {"custom_id": custom_id, "method": "POST", "url": CHAT, "body": {"model": model}}
    return orjson.dumps({**asked, **fields}) + b"\n"


def lines(num: int, *, models: tuple[str, ...] = ("math", "law")) -> bytes:
    """An input file of so many lines, of several experts in turn."""
    return b"".join(line(f"q{n}", model=models[n % len(models)]) for n in range(num))


async def uploaded(storage: Storage, content: bytes, *, file_id: str = "file-in") -> StoredFile:
    """An input file as the Files endpoint leaves it, but not registered."""
    await storage.write(contents_of(file_id), content)
    return StoredFile(
        id=file_id, filename="in.jsonl", purpose="batch", num_bytes=len(content), created_at=1
    )


class Desk:
    """An office on a storage, and what tests ask of it."""

    def __init__(
        self,
        storage: Storage | None = None,
        *,
        endpoint: Endpoint | None = None,
        executor: Executor | None = None,
        settings: BatchSettings = QUICK,
        now_s: float = 1_000.0,
        spans: BatchSpans | None = None,
    ) -> None:
        self.storage = storage or MemoryStorage()
        self.endpoint = endpoint or FakeEndpoint()
        self.now_s = now_s
        self.files = Files(self.storage, clock=lambda: self.now_s)
        self.executor = executor or InOrderExecutor(self.endpoint)
        self.office = BatchOffice(
            storage=self.storage,
            files=self.files,
            endpoint=self.endpoint,
            executor=self.executor,
            clock=lambda: self.now_s,
            settings=settings,
            spans=spans,
        )

    async def __aenter__(self) -> Desk:
        await self.office.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.office.close()

    async def create(
        self, content: bytes = b"", *, metadata: Mapping[str, str] | None = None, **fields: Any
    ) -> Batch:
        """A batch of a file with this content."""
        file = await uploaded(self.storage, content or lines(3))
        await self.office.register(file)
        asked = {"input_file_id": file.id, "endpoint": CHAT, "completion_window": "24h", **fields}
        return await self.office.create(NewBatch(metadata=metadata or {}, **asked), owner="")

    async def until(self, batch_id: str, *statuses: str) -> Batch:
        """The batch once it is in one of these; without any, once it has ended."""
        await until(lambda: self._is_in(batch_id, statuses or tuple(ENDED)))
        return self.office.lives[batch_id].batch

    async def until_done(self, batch_id: str, num_lines: int) -> None:
        """Returns once so many lines of a batch have their result."""
        await until(lambda: self._num_done(batch_id) >= num_lines)

    def _is_in(self, batch_id: str, statuses: tuple[str, ...]) -> bool:
        return self.office.lives[batch_id].batch.status in statuses

    def _num_done(self, batch_id: str) -> int:
        counts = self.office.lives[batch_id].batch.request_counts
        return counts.completed + counts.failed

    async def content(self, file_id: str | None) -> list[dict[str, Any]]:
        """The lines of a file that is registered; none of no file."""
        if file_id is None:
            return []
        await self.office.file(file_id, owner="")
        data = await self.storage.read(contents_of(file_id))
        return [orjson.loads(one) for one in data.splitlines()]


async def ids_of(desk: Desk, batch: Batch) -> tuple[list[str], list[str]]:
    """The `custom_id` of each line of output and error file."""
    files = [await desk.content(one) for one in (batch.output_file_id, batch.error_file_id)]
    told = [[one["custom_id"] for one in file] for file in files]
    return told[0], told[1]


def ids(numbers: Iterable[int]) -> list[str]:
    """Of lines by place, sorted."""
    return sorted(f"q{n}" for n in numbers)
