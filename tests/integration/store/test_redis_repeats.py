import pytest

from orchestrator.errors import StoreError
from orchestrator.store.link import RedisLink
from orchestrator.store.redis_repeats import RedisRepeats
from tests.contracts.repeats import RepeatsContract, claim, keep
from tests.integration.store.conftest import started, stopped

pytestmark = pytest.mark.integration


class TestRedisRepeats(RepeatsContract):
    @pytest.fixture
    def repeats(self, link):
        return RedisRepeats(link, max_bytes=10)


async def test_all_keys_of_requests_are_gone_some_day(link):
    repeats = RedisRepeats(link)
    await claim(repeats)
    await keep(repeats)

    keys = [key async for key in link.client.scan_iter(f"{link.prefix}*")]
    lives = [await link.client.ttl(key) for key in keys]

    assert len(keys) == 6
    assert all(life_s > 24 * 3600 for life_s in lives)


async def test_replies_outlive_the_store_s_restart(own_redis):
    link = RedisLink(own_redis.url)
    repeats = RedisRepeats(link)
    await claim(repeats)
    await keep(repeats)

    await stopped(own_redis)
    with pytest.raises(StoreError, match="could not claim an idempotency key"):
        await claim(repeats)
    await started(own_redis)

    assert (await claim(repeats, owner="b")).reply == b"hi"
    await link.close()
