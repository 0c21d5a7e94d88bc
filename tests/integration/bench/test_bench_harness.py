"""The harness against itself: the real echo, the real load generator, real processes."""

import asyncio
import socket
import sys
from dataclasses import replace

import pytest

from bench.client import Client, LoadError
from bench.load import Load
from bench.process import BenchError, free_port, is_free, start
from bench.service import read_registry, write_echo_registry
from bench.setup import send

pytestmark = pytest.mark.integration


@pytest.fixture
def echo(tmp_path):
    port = free_port()
    argv = [sys.executable, "-m", "bench.echo", "--port", str(port)]
    process = start(argv, log=tmp_path / "echo.log")
    process.wait_until(lambda: not is_free(port), timeout_s=30)
    yield Load(url=f"http://127.0.0.1:{port}", model="echo", clients=4, max_requests=200)
    process.stop()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_every_request_is_answered_and_counted(echo, stream):
    found = send(replace(echo, stream=stream))

    assert found["num_requests"] == 200
    assert found["completion_tokens"] == 200 * 16
    assert 0 < found["first_token_ms"]["p50"] <= found["latency_ms"]["p50"]


def test_a_run_ends_at_its_time(echo):
    found = send(replace(echo, max_requests=10_000_000, max_s=0.2))

    assert found["wall_s"] < 2


def test_a_server_that_is_gone_is_an_error_and_no_figure(echo):
    with pytest.raises(BenchError, match="failed"):
        send(replace(echo, url=f"http://127.0.0.1:{free_port()}"))


def test_a_stopped_process_leaves_neither_children_nor_ports(tmp_path):
    port = free_port()
    parent = (
        "import subprocess, sys;"
        f"subprocess.run([sys.executable, '-m', 'bench.echo', '--port', '{port}'])"
    )
    process = start([sys.executable, "-c", parent], log=tmp_path / "parent.log")
    process.wait_until(lambda: port in process.family.ports(), timeout_s=30)

    _, left = process.stop(timeout_s=1)

    assert [name for name in left if "bench.echo" in name]
    assert is_free(port)


def test_a_process_that_ends_early_is_reported_with_its_log(tmp_path):
    process = start([sys.executable, "-c", "exit('no memory')"], log=tmp_path / "log")

    with pytest.raises(BenchError, match="no memory"):
        process.wait_until(lambda: False, timeout_s=30)


def test_a_port_that_is_listened_on_is_not_free():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_the_echo_registry_keeps_experts_and_routing(tmp_path):
    source = tmp_path / "experts.yaml"
    source.write_text(
        "version: 1\nexperts: [{id: sums, model: a, skills: [sums]}]\n"
        "routers: {topic: {kind: category, artifact: r, fallback: sums}}\n"
    )

    written = write_echo_registry(source, upstream="http://127.0.0.1:1", to=tmp_path / "echo.yaml")

    content = read_registry(written)
    assert [expert["id"] for expert in content["experts"]] == ["sums"]
    assert content["experts"][0]["engine"]["base_url"] == "http://127.0.0.1:1/v1"
    assert content["routers"]["topic"]["artifact"] == str(tmp_path / "r")


async def test_an_idle_connection_that_the_server_closed_is_opened_anew():
    async def once(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"usage": {"completion_tokens": 1}}'
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()

    async with await asyncio.start_server(once, "127.0.0.1", 0) as server:
        client = Client("127.0.0.1", server.sockets[0].getsockname()[1])
        request = b"GET / HTTP/1.1\r\n\r\n"
        samples = [await client.ask(request, is_stream=False) for _ in range(3)]

    assert len(samples) == 3
    assert client.num_reconnects == 2


async def test_a_connection_closed_instead_of_the_first_answer_is_an_error():
    async def never(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(never, "127.0.0.1", 0) as server:
        client = Client("127.0.0.1", server.sockets[0].getsockname()[1])
        with pytest.raises(LoadError, match="closed"):
            await client.ask(b"GET / HTTP/1.1\r\n\r\n", is_stream=False)
