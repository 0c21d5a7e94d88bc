import pytest

from orchestrator.errors import StoreError
from orchestrator.store.answers import Holdings
from orchestrator.store.link import RedisLink
from orchestrator.store.redis_answers import RedisAnswers
from tests.contracts.answers import AnswersContract, put
from tests.integration.store.conftest import stopped

pytestmark = pytest.mark.integration


class TestRedisAnswers(AnswersContract):
    @pytest.fixture
    def answers(self, link):
        return RedisAnswers(link, max_bytes=10)


async def test_all_answers_are_gone_some_day(link):
    await put(RedisAnswers(link), "k")

    keys = [key async for key in link.client.scan_iter(f"{link.prefix}*")]
    lives = [await link.client.ttl(key) for key in keys]

    assert len(keys) == 4
    assert all(life_s > 24 * 3600 for life_s in lives)


async def test_answers_that_ended_are_swept_when_others_are_kept(link):
    answers = RedisAnswers(link)
    for number in range(5):
        await put(answers, str(number))
    await put(answers, "late", now_s=1_200.0)

    assert await answers.holdings() == Holdings(num_answers=1, num_bytes=2)


async def test_a_store_that_is_away_says_so(own_redis):
    link = RedisLink(own_redis.url)
    await stopped(own_redis)

    with pytest.raises(StoreError, match="could not look for an answer"):
        await RedisAnswers(link).find("k", now_s=1.0)
    await link.close()
