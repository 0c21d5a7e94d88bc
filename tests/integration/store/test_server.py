import asyncio
import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest

from orchestrator.errors import SetupError
from orchestrator.store.link import RedisLink
from orchestrator.store.redis import RedisStore
from orchestrator.store.server import RedisServer
from tests.free_ports import free_port

pytestmark = pytest.mark.integration

#: Starts a server, tells its process id and waits to be killed.
_SERVICE = """
import sys
from pathlib import Path
from orchestrator.store.server import RedisServer
server = RedisServer(Path(sys.argv[1]), port=int(sys.argv[2]))
server.start()
print(server.pid, flush=True)
sys.stdin.read()
"""


async def test_it_listens_on_loopback_alone_and_keeps_an_append_only_file(own_redis):
    listeners = [
        c.laddr.ip
        for c in psutil.Process(own_redis.pid).net_connections()
        if c.status == psutil.CONN_LISTEN
    ]
    link = RedisLink(own_redis.url)

    assert listeners == ["127.0.0.1"]
    assert (await link.client.config_get("appendonly")).popitem()[1] in ("yes", b"yes")
    await link.close()


def test_it_dies_with_a_service_that_is_killed(tmp_path):
    command = [sys.executable, "-c", _SERVICE, str(tmp_path), str(free_port())]
    service = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    redis = psutil.Process(int(service.stdout.readline()))

    os.kill(service.pid, signal.SIGKILL)
    service.wait()

    redis.wait(timeout=10)
    service.stdin.close()
    service.stdout.close()


def test_a_folder_in_use_is_refused(own_redis, tmp_path):
    second = RedisServer(tmp_path / "redis", port=free_port())

    with pytest.raises(SetupError, match="is in use by another redis-server"):
        second.start()


def test_a_taken_port_is_refused_with_what_redis_says(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(SetupError, match=f"on port {port} .*Address already in use"):
            RedisServer(tmp_path, port=port).start()


async def test_stopping_leaves_no_process_and_no_data_behind_that_is_not_read_again(own_redis):
    pid, store = own_redis.pid, RedisStore(RedisLink(own_redis.url))
    await store.set("key", b"kept")

    await asyncio.to_thread(own_redis.stop)
    assert not psutil.pid_exists(pid)
    await asyncio.to_thread(own_redis.start)

    assert await store.get("key") == b"kept"
    await store.close()
