import pytest

from orchestrator.errors import StoreError
from orchestrator.store.link import RedisLink
from orchestrator.store.redis_keys import RedisKeys
from tests.contracts.keys import KeyRecordsContract, stored_key
from tests.integration.store.conftest import started, stopped

pytestmark = pytest.mark.integration


class TestRedisKeys(KeyRecordsContract):
    @pytest.fixture
    def keys(self, link):
        return RedisKeys(link)


async def test_keys_outlive_the_store_s_restart_and_its_absence_is_told(own_redis):
    link = RedisLink(own_redis.url)
    keys = RedisKeys(link)
    await keys.put(stored_key(1))
    revision = await keys.revision()

    await stopped(own_redis)
    with pytest.raises(StoreError, match="could not find key 'key-1'"):
        await keys.find("key-1")
    await started(own_redis)

    assert await keys.every() == [stored_key(1)]
    assert await keys.revision() == revision
    await link.close()


async def test_many_keys_are_read_in_pages(link):
    keys = RedisKeys(link)
    for number in range(1, 1201):
        await keys.put(stored_key(number))

    assert {one.id for one in await keys.every()} == {f"key-{n}" for n in range(1, 1201)}
