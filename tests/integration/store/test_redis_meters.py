import asyncio
import random
import time
from dataclasses import replace

import pytest

from orchestrator.errors import StoreError
from orchestrator.store.link import RedisLink
from orchestrator.store.memory_meters import MemoryMeters
from orchestrator.store.meters import Bounds, Settlement, Wish
from orchestrator.store.redis_meters import RedisMeters
from tests.contracts.meters import KEY, Clock, MetersContract, held
from tests.integration.store.conftest import started, stopped

pytestmark = pytest.mark.integration


class TestRedisMeters(MetersContract):
    @pytest.fixture
    def clock(self):
        return Clock()

    @pytest.fixture
    def meters(self, link, clock):
        return RedisMeters(link, clock=clock)


@pytest.mark.parametrize("seed", range(4))
async def test_redis_and_memory_say_the_same_of_any_course_of_calls(link, seed):
    draw, clock = random.Random(seed), Clock()
    both = (RedisMeters(link, clock=clock), MemoryMeters(clock=clock))
    bounds = Bounds(requests=40, tokens=300, concurrent=6, day_nano_usd=3000, all_nano_usd=9000)
    under_way: list[Settlement] = []
    for n in range(400):
        clock.now_s += draw.choice((0.0, 0.0, 0.1, 0.7, 5.0, 40.0, -1.0))
        tokens, nano_usd = draw.randint(0, 60), draw.randint(0, 80)
        wish = Wish(requests=1, hold=str(n), lease=str(n), tokens=tokens, nano_usd=nano_usd)
        by_redis, by_memory = [await one.take(KEY, bounds, wish) for one in both]
        assert by_redis == by_memory
        if by_redis.refused is None:
            took = Settlement(key_id=KEY, hold=str(n), lease=str(n), nano_usd=nano_usd // 2)
            under_way.append(replace(took, tokens=draw.choice((0, tokens, tokens + 9))))
        if len(under_way) > draw.randint(0, 6):
            ended = [under_way.pop() for _ in range(draw.randint(1, len(under_way)))]
            for one in both:
                await one.settle(ended)

    assert await both[0].spent(KEY) == await both[1].spent(KEY)


async def test_two_gateways_share_one_budget_by_the_clock_of_redis(link, shared_redis):
    other = RedisLink(shared_redis.url, prefix=link.prefix)
    gateways = (RedisMeters(link), RedisMeters(other))
    bounds = Bounds(all_nano_usd=1000, requests=400)

    taken = await asyncio.gather(
        *(
            gateways[n % 2].take(KEY, bounds, Wish(requests=1, hold=str(n), nano_usd=10))
            for n in range(600)
        )
    )

    assert sum(one.refused is None for one in taken) == 100
    today = time.strftime("%Y%m%d", time.gmtime())
    assert (await gateways[0].spent(KEY)).by_day.get(today) == 1000
    await other.close()


async def test_what_was_spent_outlives_a_restart_and_while_it_is_away_nothing_is_granted(
    own_redis,
):
    link = RedisLink(own_redis.url)
    meters, bounds = RedisMeters(link), Bounds(all_nano_usd=100)
    await meters.take(KEY, bounds, held("a", nano_usd=80))

    await stopped(own_redis)
    with pytest.raises(StoreError, match="could not count what callers take"):
        await meters.take(KEY, bounds, held("b", nano_usd=20))
    await started(own_redis)

    await meters.settle([Settlement(key_id=KEY, hold="a", nano_usd=50)])
    assert (await meters.take(KEY, bounds, held("c", nano_usd=51))).refused == "all"
    assert (await meters.take(KEY, bounds, held("d", nano_usd=50))).refused is None
    await link.close()


async def test_all_that_is_counted_for_a_while_is_gone_after_it(link):
    meters = RedisMeters(link)
    bounds = Bounds(requests=5, tokens=50, concurrent=2, all_nano_usd=10)
    await meters.take(KEY, bounds, Wish(requests=1, lease="l", hold="h", tokens=5, nano_usd=1))

    lives = {
        key.decode().rpartition("}:")[2]: await link.client.ttl(key)
        async for key in link.client.scan_iter(f"{link.prefix}*")
    }

    assert set(lives) == {"requests", "tokens", "leases", "spent", "sums", "hold:h"}
    assert lives.pop("spent") == -1
    assert all(0 < life_s <= 40 * 86_400 for life_s in lives.values())
