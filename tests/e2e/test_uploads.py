"""Files through the whole service, into a storage that is slower than whoever sends."""

import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from bench.memory_grown import MemoryGrown
from bench.slow_s3 import BUCKET, s3_client, slow_s3
from tests.e2e.service import FAKES, Service
from tests.free_ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

MIB = 2**20
#: Lines at which the large file is looked into.
PLACES = (0, 99_999, 199 * 1024)
LINE = b'{"custom_id": "request-1", "body": "' + b"x" * 976 + b'"}\n'
FORM = "multipart/form-data; boundary=edge"
HEAD = (
    b'--edge\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"\r\n\r\n'
)
END = b"\r\n--edge--\r\n"


@pytest.fixture(scope="module")
def storage():
    with slow_s3(bytes_per_s=40 * MIB) as environment:
        yield environment


@pytest.fixture(scope="module")
def service(tmp_path_factory, storage):
    folder = tmp_path_factory.mktemp("site")
    (folder / "experts.yaml").write_text(FAKES)
    service = Service(
        folder / "experts.yaml",
        port=free_port(),
        folder=folder / "data",
        environment=storage | {"ORCHESTRATOR_STORAGE_URL": f"s3://{BUCKET}/batches"},
    ).await_ready()
    # Requests may be taken by Serve's own proxy at first, which takes no uploads.
    deadline_s = time.monotonic() + 60
    with client_of(service) as client:
        while (answer := post(client, HEAD + LINE + END)).status_code == 503:
            assert time.monotonic() < deadline_s, answer.text
    yield service
    service.stop()


def form(num_lines: int) -> Iterator[bytes]:
    yield HEAD
    for _ in range(num_lines // 64):
        yield LINE * 64
    yield END


def post(client: httpx.Client, body: bytes | Iterator[bytes]) -> httpx.Response:
    return client.post("/v1/files", content=body, headers={"content-type": FORM})


def sent(client: httpx.Client, num_lines: int) -> dict:
    response = post(client, form(num_lines))
    assert response.status_code == 200, response.text
    return response.json()


def read(client: httpx.Client, file_id: str, *, start: int) -> bytes:
    """So many lines as make a mebibyte: the server of this test reads all of an object for each."""
    asked = f"bytes={start}-{start + 1024 * len(LINE) - 1}"
    return client.get(f"/v1/files/{file_id}/content", headers={"range": asked}).content


def client_of(service: Service) -> httpx.Client:
    return httpx.Client(base_url=service.url, timeout=120, trust_env=False)


def stored(environment: dict[str, str]) -> list[str]:
    with s3_client(environment["AWS_ENDPOINT_URL"]) as s3:
        found = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
    # pyarrow marks folders by empty objects.
    return [key for key in found if not key.endswith("/")]


def test_two_hundred_megabytes_grow_no_process_and_are_stored_as_they_came(service):
    with client_of(service) as client:
        with MemoryGrown(service.processes()) as grown:
            large = sent(client, 200 * 1024)
            ranges = [read(client, large["id"], start=line * len(LINE)) for line in PLACES]
        gone = client.delete(f"/v1/files/{large['id']}")

    assert large["bytes"] == 200 * 1024 * len(LINE) > 200_000_000
    assert [found == LINE * 1024 for found in ranges] == [True] * len(PLACES)
    assert {name: mib for name, mib in grown.mib_by_process.items() if mib > 30} == {}
    assert gone.status_code == 200


def test_of_a_caller_that_hangs_up_midway_nothing_is_left(service, storage):
    before = stored(storage)
    with socket.create_connection(("127.0.0.1", service.port)) as caller:
        head = (
            f"POST /v1/files HTTP/1.1\r\nHost: h\r\nContent-Type: {FORM}\r\n"
            "Content-Length: 99000000\r\n\r\n"
        )
        caller.sendall(head.encode() + HEAD + LINE * 20_000)

    deadline_s = time.monotonic() + 30
    while not has_ended(service, status=499):
        assert time.monotonic() < deadline_s
    assert stored(storage) == before


def test_ten_gigabytes_are_refused_while_their_first_bytes_are_sent(service):
    with socket.create_connection(("127.0.0.1", service.port)) as caller:
        head = (
            f"POST /v1/files HTTP/1.1\r\nHost: h\r\nContent-Type: {FORM}\r\n"
            "Content-Length: 10737418240\r\n\r\n"
        )
        caller.sendall(head.encode() + HEAD + LINE)
        answer = caller.recv(65_536)
        while not answer.endswith(b"}}"):
            piece = caller.recv(65_536)
            assert piece, answer
            answer += piece

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"body_too_large"' in answer


def test_a_client_that_waits_to_be_told_to_go_on_is(service):
    """As curl does with everything that is large."""
    body = HEAD + LINE + END
    with socket.create_connection(("127.0.0.1", service.port)) as caller:
        head = (
            f"POST /v1/files HTTP/1.1\r\nHost: h\r\nContent-Type: {FORM}\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        )
        caller.sendall(head.encode())
        told = caller.recv(65_536)
        caller.sendall(body)
        answer = caller.recv(65_536)

    assert told.startswith(b"HTTP/1.1 100 ")
    assert answer.startswith(b"HTTP/1.1 200 ")


def has_ended(service: Service, *, status: int) -> bool:
    """Whether an upload has, by what the service counts."""
    lines = httpx.get(f"{service.url}/metrics", trust_env=False).text.splitlines()
    ended = [line for line in lines if line.startswith("orchestrator_requests_total{")]
    return any('endpoint="/v1/files"' in line and f'"{status}"' in line for line in ended)
