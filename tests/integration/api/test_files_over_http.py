"""Files over a real socket: the official client, callers that stop midway, and a slow storage."""

import asyncio
import resource
from contextlib import asynccontextmanager

import httpx
import openai
import pytest
from openai import AsyncOpenAI
from openai.types import FileDeleted, FileObject

from orchestrator.batch.storage_folder import FolderStorage
from orchestrator.batch.storage_memory import MemoryStorage
from tests.kept_files import service_over
from tests.served import running

pytestmark = pytest.mark.integration

LINES = b'{"custom_id": "a"}\n' * 1000
HEAD = (
    b'--edge\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"\r\n\r\n'
)
END = b"\r\n--edge--\r\n"
FORM = "multipart/form-data; boundary=edge"


@asynccontextmanager
async def client_over(storage):
    async with (
        running(service_over(storage)) as url,
        AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


async def test_the_official_client_uploads_sees_reads_and_deletes(tmp_path):
    storage = FolderStorage(tmp_path)
    async with client_over(storage) as client:
        made = await client.files.create(file=("in.jsonl", LINES), purpose="batch")
        seen = await client.files.retrieve(made.id)
        content = await client.files.content(made.id)
        listed = [one async for one in client.files.list(limit=1)]
        deleted = await client.files.delete(made.id)

    assert isinstance(made, FileObject)
    assert (made.bytes, made.filename, made.purpose) == (len(LINES), "in.jsonl", "batch")
    assert (seen, listed, content.content) == (made, [made], LINES)
    assert isinstance(deleted, FileDeleted)
    assert await storage.list() == []


async def test_the_official_client_pages_through_files_and_sees_when_they_expire():
    async with client_over(MemoryStorage()) as client:
        made = [
            await client.files.create(
                file=(f"{number}.jsonl", LINES),
                purpose="batch",
                expires_after={"anchor": "created_at", "seconds": 3600},
            )
            for number in range(5)
        ]
        ids = [one.id async for one in client.files.list(limit=2, order="asc", purpose="batch")]

    assert sorted(ids) == sorted(one.id for one in made)
    assert {one.expires_at - one.created_at for one in made} == {3600}


async def test_the_official_client_reads_our_errors():
    async with client_over(MemoryStorage()) as client:
        with pytest.raises(openai.NotFoundError, match="no file 'file-none'"):
            await client.files.retrieve("file-none")
        with pytest.raises(openai.BadRequestError, match="'purpose' is 'assistants'"):
            await client.files.create(file=("a", LINES), purpose="assistants")


class WatchedStorage(MemoryStorage):
    """Says when the last object that was begun is given up."""

    def __init__(self) -> None:
        super().__init__()
        self.is_given_up = asyncio.Event()

    def end(self, writing, *, is_kept: bool) -> None:
        super().end(writing, is_kept=is_kept)
        self.is_given_up.set()


async def test_of_a_caller_that_hangs_up_midway_nothing_is_left():
    storage = WatchedStorage()
    async with running(service_over(storage)) as url:
        begun = b"x" * 2_000_000
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(
            f"POST /v1/files HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM}\r\n"
            "Content-Length: 9000000\r\n\r\n".encode()
        )
        writer.write(HEAD + begun)
        await writer.drain()
        writer.close()
        await storage.is_given_up.wait()

        assert await reader.read() == b""
        assert (await storage.list(), storage.num_bytes) == ([], 0)


async def test_an_upload_that_ends_before_its_last_boundary_is_told_and_leaves_nothing():
    async def cut_off():
        yield HEAD + b"x" * 2_000_000

    storage = MemoryStorage()
    async with running(service_over(storage)) as url, httpx.AsyncClient() as client:
        response = await client.post(
            f"{url}/v1/files", content=cut_off(), headers={"content-type": FORM}
        )

    assert response.status_code == 400
    assert "the upload was cut off" in response.json()["error"]["message"]
    assert (await storage.list(), storage.num_bytes) == ([], 0)


async def test_ten_gigabytes_are_refused_while_the_caller_still_sends():
    async with running(service_over(MemoryStorage())) as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(
            f"POST /v1/files HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM}\r\n"
            "Content-Length: 10737418240\r\n\r\n".encode()
        )
        await writer.drain()
        status = await reader.readline()
        writer.close()

    assert status.split()[1] == b"413"


@pytest.fixture
def largest_file():
    """A bound on files of this process, as a quota sets one: writing beyond it fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda num_bytes: resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_is_told_and_the_next_file_that_fits_is_taken(tmp_path, largest_file):
    async with client_over(FolderStorage(tmp_path)) as client:
        largest_file(2**20)
        with pytest.raises(openai.APIStatusError, match="no room for 'files/file-") as told:
            await client.files.create(file=("a", b"x" * 2 * 2**20), purpose="batch")
        left = [one for one in tmp_path.rglob("*") if one.is_file()]
        taken = await client.files.create(file=("a", LINES), purpose="batch")

    assert (told.value.status_code, told.value.code) == (507, "storage_full")
    assert left == []
    assert taken.bytes == len(LINES)


class GatedStorage(MemoryStorage):
    """Takes nothing before it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def open_write(self, path: str):
        await self.gate.wait()
        return await super().open_write(path)


async def test_while_the_storage_takes_nothing_the_caller_is_not_read():
    """What a caller got rid of lies in sockets: far from all, however long it waits."""
    storage = GatedStorage()
    num_sent, size = 0, 64 * 2**20
    is_all_sent = asyncio.Event()

    async def body():
        nonlocal num_sent
        yield HEAD
        for _ in range(size // 2**16):
            yield b"x" * 2**16
            num_sent += 2**16
        is_all_sent.set()
        yield END

    async with running(service_over(storage)) as url, httpx.AsyncClient(timeout=60) as client:
        sending = asyncio.create_task(
            client.post(f"{url}/v1/files", content=body(), headers={"content-type": FORM})
        )
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(is_all_sent.wait(), 1.5)
        num_taken = num_sent
        storage.gate.set()
        response = await sending

    assert response.json()["bytes"] == size
    assert num_taken < 16 * 2**20
