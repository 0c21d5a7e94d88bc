import pytest

from orchestrator.access.books import Books
from orchestrator.access.caller import Caller
from orchestrator.access.metering import Charge, Part
from orchestrator.errors import StoreError
from orchestrator.store.link import RedisLink
from orchestrator.store.redis_usage import RedisUsage
from orchestrator.store.usage import Used
from tests.contracts.meters import Clock
from tests.contracts.usage import DAY, UsageContract
from tests.integration.store.conftest import started, stopped

pytestmark = pytest.mark.integration


class TestRedisUsage(UsageContract):
    @pytest.fixture
    def usage(self, link):
        return RedisUsage(link, max_rows=2)


async def test_usage_waits_for_the_store_and_is_counted_once_over_a_restart(own_redis):
    link = RedisLink(own_redis.url)
    books = Books(RedisUsage(link), clock=Clock(), period_s=3600)
    part = Part(expert="math", prompt_tokens=2, completion_tokens=3, cost_usd=1e-6)
    charge = Charge(
        endpoint="/v1/chat/completions",
        model="auto",
        expert="math",
        composition="auto",
        batch=None,
        status=200,
        parts=(part,),
    )
    books.add(Caller(key_id="ann"), charge)
    await books.flush()

    await stopped(own_redis)
    books.add(Caller(key_id="ann"), charge)
    with pytest.raises(StoreError):
        await books.flush()
    await started(own_redis)
    await books.close()

    (used,) = (await books.store.read([DAY])).values()
    assert used == Used(requests=2, prompt_tokens=4, completion_tokens=6, nano_usd=2000)
    await link.close()
