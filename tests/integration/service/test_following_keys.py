"""Gateways that follow the keys in a real store."""

import asyncio
import time
from contextlib import AsyncExitStack, suppress

import pytest

from orchestrator.access.keys import KeyWish, digest_of, issued, revoked
from orchestrator.errors import StoreError, UnauthenticatedError
from orchestrator.service.entry import Entry
from orchestrator.service.following_keys import FollowingKeys
from orchestrator.store.link import RedisLink
from orchestrator.store.redis_keys import RedisKeys
from orchestrator.store.server import RedisServer
from tests.free_ports import free_port

pytestmark = pytest.mark.integration

ENTRY = Entry(asks_for_keys=True, admin_digest=digest_of("the operator's own key, a long one"))


@pytest.fixture
def redis(tmp_path):
    with RedisServer(tmp_path / "redis", port=free_port()) as server:
        yield server


async def test_a_key_ends_on_two_gateways_within_a_second_and_survives_an_absent_store(redis):
    link = RedisLink(redis.url)
    records = RedisKeys(link)
    made = issued(KeyWish(name="ann"), now_s=time.time())
    header = f"Bearer {made.secret}"
    async with AsyncExitStack() as undo:
        undo.push_async_callback(link.close)
        gateways = [FollowingKeys(ENTRY, redis.url) for _ in range(2)]
        for gateway in gateways:
            undo.push_async_callback(gateway.close)
        await records.put(made.key)

        known = [(await each.keyring.caller_of(header)).key_id for each in gateways]
        await asyncio.to_thread(redis.stop)
        while_away = [(await each.keyring.caller_of(header)).key_id for each in gateways]
        await asyncio.to_thread(redis.start)
        ended_s = time.monotonic()
        await records.put(revoked(made.key, now_s=time.time()))
        took_s = [await _ended_s(each, header) - ended_s for each in gateways]

        assert known == while_away == [made.key.id] * 2
        assert max(took_s) < 1.0
        for gateway in gateways:
            gateway.check()


async def test_a_service_without_keys_follows_none(redis):
    before = asyncio.all_tasks()
    open_gateway = FollowingKeys(Entry(), redis.url)

    assert (await open_gateway.keyring.caller_of(None)).owner == ""
    assert open_gateway.lacking is None
    assert asyncio.all_tasks() <= before
    await open_gateway.close()


async def test_a_gateway_that_has_not_read_the_keys_is_not_ready(redis):
    await asyncio.to_thread(redis.stop)
    gateway = FollowingKeys(ENTRY, redis.url)
    with pytest.raises(StoreError, match="keys cannot be read now"):
        await gateway.keyring.caller_of("Bearer sk-orc-x")
    while_away = gateway.lacking

    await asyncio.to_thread(redis.start)
    await _ended_s(gateway, "Bearer sk-orc-x")

    assert gateway.lacking is None
    assert while_away == "the keys of callers have not been read from the store yet"
    await gateway.close()


async def _ended_s(gateway: FollowingKeys, header: str) -> float:
    async with asyncio.timeout(5):
        while True:
            try:
                with suppress(StoreError):  # it has just come back
                    await gateway.keyring.caller_of(header)
            except UnauthenticatedError:
                return time.monotonic()
            await asyncio.sleep(0.01)
