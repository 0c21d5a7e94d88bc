import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.api.settings import ApiSettings
from tests.served import Service, running

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
TINY = ApiSettings(max_body_bytes=1024)


async def exchange(url: str, *sent: bytes) -> bytes:
    """What a raw client gets back for `sent`, read until the head of the answer is whole."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for part in sent:
        writer.write(part)
        await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return head


async def test_an_announced_length_is_refused_before_a_byte_is_read():
    head = b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 999999\r\n\r\n"

    async with running(Service(settings=TINY)) as url:
        answer = await exchange(url, head)

    assert answer.startswith(b"HTTP/1.1 413")


async def test_a_chunked_body_is_refused_when_it_grows_too_long():
    head = b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"200\r\n" + b"x" * 0x200 + b"\r\n"

    async with running(Service(settings=TINY)) as url:
        answer = await exchange(url, head, chunk, chunk, chunk)

    assert answer.startswith(b"HTTP/1.1 413")
    assert b"x-orchestrator-request-id" in answer


COUNT = """
import asyncio
from tests.served import Service

async def main():
    service = Service()
    await service.chat()
    print((await service.get("/metrics")).text)

asyncio.run(main())
"""


def test_metrics_of_all_processes_are_added_up(tmp_path):
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}

    for _ in range(2):
        last = subprocess.run(
            [sys.executable, "-c", COUNT], env=environment, check=True, capture_output=True
        )

    line = next(one for one in last.stdout.decode().splitlines() if 'expert="math",model' in one)
    assert line.startswith("orchestrator_requests_total")
    assert line.endswith(" 2.0")


@pytest.mark.parametrize("path", ["chat/completions", "completions", "responses", "embeddings"])
async def test_a_body_that_trickles_is_given_up(path):
    head = f"POST /v1/{path} HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n".encode()
    slow = ApiSettings(max_body_s=0.2)

    async with running(Service(settings=slow)) as url:
        answer = await exchange(url, head, b'{"model": "math"')

    assert answer.startswith(b"HTTP/1.1 408")
