"""Files of the endpoint: what is refused leaves nothing, what is taken comes back."""

import asyncio
import re

import httpx
import pytest
from openai.types import FileDeleted, FileObject

from orchestrator.api.settings import ApiSettings
from orchestrator.batch.storage_memory import MemoryStorage
from orchestrator.errors import ExpertUnavailableError, StorageFullError
from orchestrator.store.memory_repeats import MemoryRepeats
from tests.kept_files import KeptFiles, service_over
from tests.served import Service, fault

LINES = b'{"custom_id": "a"}\n{"custom_id": "b"}\n'
FORM = "multipart/form-data; boundary=edge"


@pytest.fixture
def storage():
    return MemoryStorage()


@pytest.fixture
def service(storage):
    return service_over(storage, settings=ApiSettings(max_file_bytes=1000))


def part(name: str, value: bytes, *, filename: str | None = None) -> bytes:
    file = f'; filename="{filename}"' if filename is not None else ""
    head = f'--edge\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + value + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--edge--\r\n"


FILE = part("file", LINES, filename="in.jsonl")
PURPOSE = part("purpose", b"batch")


async def sent(service: Service, body: bytes, **headers: str) -> httpx.Response:
    async with service.client() as client:
        return await client.post(
            "/v1/files", content=body, headers={"content-type": FORM, **headers}
        )


async def kept(service: Service, *parts: bytes, **headers: str) -> dict:
    response = await sent(service, form(FILE, PURPOSE, *parts), **headers)
    assert response.status_code == 200
    return response.json()


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        pytest.param(form(FILE), "purpose", "no part 'purpose'", id="no purpose"),
        pytest.param(form(PURPOSE), "file", "no part 'file'", id="no file"),
        pytest.param(form(FILE, FILE, PURPOSE), "file", "two parts 'file'", id="two files"),
        pytest.param(form(PURPOSE, PURPOSE, FILE), "purpose", "two parts 'purpose'", id="two"),
        pytest.param(
            form(part("purpose", b"fine-tune"), FILE),
            "purpose",
            "'purpose' is 'fine-tune'; allowed is 'batch'",
            id="another purpose",
        ),
        pytest.param(
            form(part("purpose", b"batch_output"), FILE), "purpose", "allowed is", id="output"
        ),
        pytest.param(
            form(PURPOSE, part("file", LINES)), "file", "has no filename", id="a text as file"
        ),
        pytest.param(
            form(PURPOSE, part("file", LINES, filename="")), "file", "0 letters", id="empty name"
        ),
        pytest.param(
            form(PURPOSE, part("file", LINES, filename="x" * 256)), "file", "256", id="long name"
        ),
        pytest.param(
            form(PURPOSE, part("file", b"", filename="a")), "file", "file is empty", id="empty file"
        ),
        pytest.param(
            form(FILE, PURPOSE, part("model", b"a")), "model", "a part 'model'", id="unknown part"
        ),
        pytest.param(
            form(part("purpose", b"x" * 2000), FILE), "purpose", "more than 1024", id="long text"
        ),
        pytest.param(
            form(FILE, PURPOSE, part("expires_after[anchor]", b"created_at")),
            "expires_after[seconds]",
            "'expires_after' needs both",
            id="half an expiry",
        ),
        pytest.param(
            form(
                FILE,
                PURPOSE,
                part("expires_after[anchor]", b"last_active_at"),
                part("expires_after[seconds]", b"3600"),
            ),
            "expires_after[anchor]",
            "must be 'created_at'",
            id="another anchor",
        ),
        *(
            pytest.param(
                form(
                    FILE,
                    PURPOSE,
                    part("expires_after[anchor]", b"created_at"),
                    part("expires_after[seconds]", seconds),
                ),
                "expires_after[seconds]",
                "from 3600 to 2592000",
                id=f"{seconds[:9]!r} seconds",
            )
            for seconds in (b"3599", b"2592001", b"1e4", b"-1", b"", b"9" * 900)
        ),
        pytest.param(form(FILE, PURPOSE)[:-20], None, "upload was cut off", id="cut off"),
        pytest.param(b"\x00\x01garbage" * 9, None, "no valid multipart form", id="garbage"),
        pytest.param(b"", None, "upload was cut off", id="nothing"),
    ],
)
async def test_a_form_that_cannot_be_taken_says_why_and_leaves_nothing(
    service, storage, body, param, message
):
    response = await sent(service, body)

    assert (response.status_code, fault(response)["param"]) == (400, param)
    assert message in fault(response)["message"]
    assert (await storage.list(), storage.num_bytes) == ([], 0)


async def test_what_is_no_form_is_told_what_to_send(service):
    response = await sent(service, b"{}", **{"content-type": "application/json"})

    assert response.status_code == 400
    assert "content-type is 'application/json'; send a form" in fault(response)["message"]


@pytest.mark.parametrize("num_bytes", [1001, 100_000])
async def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(service, storage, num_bytes):
    response = await sent(service, form(PURPOSE, part("file", b"x" * num_bytes, filename="a")))

    assert (response.status_code, fault(response)["code"]) == (413, "body_too_large")
    assert (await storage.list(), storage.num_bytes) == ([], 0)


async def test_a_file_may_be_exactly_as_large_as_it_is_allowed(service, storage):
    response = await sent(service, form(PURPOSE, part("file", b"x" * 1000, filename="a")))

    assert (response.status_code, response.json()["bytes"]) == (200, 1000)


async def test_ten_gigabytes_are_refused_before_a_byte_is_read(service):
    async def never():
        raise AssertionError("the body was read")
        yield b""

    async with service.client() as client:
        response = await client.post(
            "/v1/files",
            content=never(),
            headers={"content-type": FORM, "content-length": "10737418240"},
        )

    assert response.status_code == 413
    assert "10737418240 bytes" in fault(response)["message"]


async def test_a_caller_that_falls_silent_is_told_and_nothing_of_its_file_is_left(storage):
    settings = ApiSettings(max_upload_silence_s=0.01)
    service = service_over(storage, settings=settings)
    forever = asyncio.Event()

    async def silent():
        yield form(PURPOSE, part("file", b"x" * 500_000, filename="a"))[:-20]
        await forever.wait()

    response = await sent(service, silent())

    assert (response.status_code, fault(response)["code"]) == (408, "request_timeout")
    assert fault(response)["message"].startswith("nothing of the request body came for 0.01 s")
    assert (await storage.list(), storage.num_bytes) == ([], 0)


async def test_a_full_storage_is_told_and_nothing_of_the_file_is_left(storage):
    service = service_over(storage)
    storage.max_bytes = 300_000

    response = await sent(service, form(PURPOSE, part("file", b"x" * 900_000, filename="a")))

    assert (response.status_code, fault(response)["code"]) == (507, "storage_full")
    assert response.headers["x-should-retry"] == "false"
    assert (await storage.list(), storage.num_bytes) == ([], 0)


async def test_where_only_the_contents_found_room_they_do_not_stay(storage):
    class Full(KeptFiles):
        async def register(self, file):
            raise StorageFullError("no room for facts")

    service = Service(batches=Full(kept=service_over(storage).batches.kept), storage=storage)

    response = await sent(service, form(FILE, PURPOSE))

    assert response.status_code == 507
    assert await storage.list() == []


async def test_while_nobody_keeps_files_an_upload_may_be_tried_again(storage):
    class Away(KeptFiles):
        async def register(self, file):
            raise ExpertUnavailableError("who keeps batches does not answer")

    service = Service(batches=Away(kept=service_over(storage).batches.kept), storage=storage)

    response = await sent(service, form(FILE, PURPOSE))

    assert (response.status_code, response.headers["x-should-retry"]) == (503, "true")


async def test_a_storage_that_is_away_is_told(service, storage):
    storage.is_away = True

    response = await sent(service, form(FILE, PURPOSE))

    assert (response.status_code, fault(response)["code"]) == (503, "storage_unavailable")


async def test_a_service_that_keeps_no_files_says_so():
    response = await Service().get("/v1/files")

    assert response.status_code == 404
    assert "'/v1/files' is not served" in fault(response)["message"]


async def test_an_uploaded_file_is_seen_listed_read_and_deleted(service, storage):
    made = await kept(service)
    path = f"/v1/files/{made['id']}"

    async with service.client() as client:
        seen = (await client.get(path)).json()
        listed = (await client.get("/v1/files")).json()
        content = await client.get(f"{path}/content")
        deleted = (await client.delete(path)).json()
        gone = await client.get(path)

    assert re.fullmatch(r"file-[A-Za-z0-9]{33}", made["id"])
    assert FileObject.model_validate(made, strict=True).bytes == len(LINES)
    assert (made["purpose"], made["filename"], made["status"]) == ("batch", "in.jsonl", "processed")
    assert seen == made
    assert listed == {
        "object": "list",
        "data": [made],
        "first_id": made["id"],
        "last_id": made["id"],
        "has_more": False,
    }
    assert content.content == LINES
    assert content.headers["content-length"] == str(len(LINES))
    assert content.headers["x-content-type-options"] == "nosniff"
    assert FileDeleted.model_validate(deleted, strict=True).deleted
    assert (gone.status_code, fault(gone)["code"]) == (404, "not_found")
    assert await storage.list() == []


async def test_a_file_may_be_asked_to_expire(service):
    made = await kept(
        service,
        part("expires_after[anchor]", b"created_at"),
        part("expires_after[seconds]", b"3600"),
    )

    assert made["expires_at"] == made["created_at"] + 3600


async def test_a_key_sees_its_own_files_alone(service):
    made = await kept(service, authorization="Bearer one")

    async with service.client() as client:
        others = {"authorization": "Bearer two"}
        own = {"authorization": "Bearer one"}
        path = f"/v1/files/{made['id']}"
        refused = [
            await client.get(path, headers=others),
            await client.get(f"{path}/content", headers=others),
            await client.delete(path, headers=others),
            await client.get(path),
        ]
        listed = (await client.get("/v1/files", headers=others)).json()
        seen = await client.get(path, headers=own)

    assert [response.status_code for response in refused] == [404] * 4
    assert (listed["data"], listed["first_id"], seen.status_code) == ([], None, 200)


async def test_a_file_in_use_is_not_deleted(service):
    made = await kept(service)
    service.batches.kept.used_by = {made["id"]: "batch_9"}.get

    async with service.client() as client:
        response = await client.delete(f"/v1/files/{made['id']}")

    assert response.status_code == 409
    assert "in use by batch 'batch_9'" in fault(response)["message"]


@pytest.mark.parametrize(
    ("asked", "status", "content", "span"),
    [
        ("bytes=0-4", 206, LINES[:5], "bytes 0-4/38"),
        ("bytes=5-", 206, LINES[5:], "bytes 5-37/38"),
        ("bytes=-3", 206, LINES[-3:], "bytes 35-37/38"),
        ("bytes=-100", 206, LINES, "bytes 0-37/38"),
        ("bytes=30-1000", 206, LINES[30:], "bytes 30-37/38"),
        ("bytes=38-", 416, None, "bytes */38"),
        ("bytes=-0", 416, None, "bytes */38"),
        ("bytes=5-2", 200, LINES, None),
        ("bytes=-", 200, LINES, None),
        ("lines=1-2", 200, LINES, None),
        ("bytes=0-1,3-4", 200, LINES, None),
        ("bytes=" + "9" * 5000 + "-", 200, LINES, None),
    ],
)
async def test_a_part_of_a_file_can_be_read(service, asked, status, content, span):
    made = await kept(service)

    response = await service.get(f"/v1/files/{made['id']}/content", range=asked)

    assert (response.status_code, response.headers.get("content-range")) == (status, span)
    assert content is None or response.content == content


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("order=up", "order"),
        ("purpose=x", "purpose"),
        ("after=file-none", "after"),
    ],
)
async def test_a_list_that_cannot_be_given_names_the_parameter(service, query, param):
    response = await service.get(f"/v1/files?{query}")

    assert (response.status_code, fault(response)["param"]) == (400, param)


async def test_contents_that_are_gone_are_an_error_and_no_short_answer(service, storage):
    made = await kept(service)
    await storage.delete(f"files/{made['id']}.content")

    response = await service.get(f"/v1/files/{made['id']}/content")

    assert (response.status_code, fault(response)["code"]) == (404, "not_stored")


async def test_an_upload_that_is_sent_again_under_its_key_is_one_file(storage):
    service = service_over(storage, repeats=MemoryRepeats())
    named = {"idempotency-key": "k1"}

    first, again = [await sent(service, form(FILE, PURPOSE), **named) for _ in range(2)]
    other = await sent(service, form(part("file", b"{}", filename="in.jsonl"), PURPOSE), **named)
    listed = (await service.get("/v1/files")).json()["data"]
    contents = [one.path for one in await storage.list("files") if one.path.endswith(".content")]

    assert first.json() == again.json()
    assert again.headers["x-orchestrator-replayed"] == "true"
    assert (other.status_code, fault(other)["code"]) == (422, "idempotency_key_reused")
    assert [one["id"] for one in listed] == [first.json()["id"]]
    assert contents == [f"files/{first.json()['id']}.content"]


async def test_uploads_under_one_key_at_a_time_are_one_file(storage):
    service = service_over(storage, repeats=MemoryRepeats())
    sending = (sent(service, form(FILE, PURPOSE), **{"idempotency-key": "k1"}) for _ in range(8))

    told = [response.json()["id"] for response in await asyncio.gather(*sending)]

    assert len(set(told)) == 1
