import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from orchestrator.store.link import RedisLink
from orchestrator.store.server import RedisServer
from tests.free_ports import free_port


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory) -> Iterator[RedisServer]:
    """One server for the tests that leave it alone."""
    with RedisServer(tmp_path_factory.mktemp("redis"), port=free_port()) as server:
        yield server


@pytest.fixture
def own_redis(tmp_path) -> Iterator[RedisServer]:
    """A server that a test may stop and start."""
    with RedisServer(tmp_path / "redis", port=free_port()) as server:
        yield server


@pytest.fixture
async def link(shared_redis, request) -> AsyncIterator[RedisLink]:
    link = RedisLink(shared_redis.url, prefix=f"{request.node.nodeid}:")
    yield link
    await link.close()


async def stopped(server: RedisServer) -> None:
    await asyncio.to_thread(server.stop)


async def started(server: RedisServer) -> None:
    await asyncio.to_thread(server.start)
