import pytest

from orchestrator.errors import StoreError
from orchestrator.store.link import RedisLink
from orchestrator.store.redis_judgements import RedisJudgements
from tests.contracts.judgements import JudgementsContract, judgement
from tests.integration.store.conftest import started, stopped

pytestmark = pytest.mark.integration


class TestRedisJudgements(JudgementsContract):
    @pytest.fixture
    def judgements(self, link):
        return RedisJudgements(link, max_judgements=3)


async def test_all_that_is_kept_is_gone_some_day(link):
    judgements = RedisJudgements(link)
    await judgements.put(judgement(1))
    await judgements.remove("fb-2")

    keys = [key async for key in link.client.scan_iter(f"{link.prefix}*")]
    lives = [await link.client.ttl(key) for key in keys]

    assert len(keys) == 3
    assert all(life_s > 100 * 24 * 3600 for life_s in lives)


async def test_judgements_outlive_the_store_s_restart(own_redis):
    link = RedisLink(own_redis.url)
    judgements = RedisJudgements(link)
    await judgements.put(judgement(1))
    revision = await judgements.revision()

    await stopped(own_redis)
    with pytest.raises(StoreError, match="could not read the judgements"):
        await judgements.every()
    await started(own_redis)

    assert await judgements.every() == [judgement(1)]
    assert await judgements.revision() == revision
    await link.close()
