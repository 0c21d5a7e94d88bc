import asyncio

import pytest

from orchestrator.errors import SetupError, StoreError
from orchestrator.store.link import RedisLink
from orchestrator.store.redis import RedisStore
from tests.contracts.store import StoreContract

pytestmark = pytest.mark.integration


class TestRedisStore(StoreContract):
    @pytest.fixture
    def store(self, link):
        return RedisStore(link)


async def test_two_prefixes_share_a_redis_without_meeting(shared_redis):
    links = [RedisLink(shared_redis.url, prefix=prefix) for prefix in ("a:", "b:")]
    first, second = (RedisStore(link) for link in links)

    await first.set("key", b"one")

    assert await second.get("key") is None
    await asyncio.gather(first.close(), second.close())


async def test_a_value_is_given_its_time_to_live(link):
    store = RedisStore(link)

    await store.set("key", b"one", expires_s=100)

    assert 99_000 < await link.client.pttl(f"{link.prefix}key") <= 100_000


async def test_a_subscriber_outwaits_the_time_limit_of_answers(shared_redis):
    store = RedisStore(RedisLink(shared_redis.url, timeout_s=0.05))

    async with store.subscribe("quiet") as messages:
        heard = asyncio.ensure_future(anext(messages))
        done, _ = await asyncio.wait([heard], timeout=0.2)
        assert not done
        await store.publish("quiet", b"at last")

        assert await heard == b"at last"
    await store.close()


async def test_values_survive_a_restart_and_the_store_answers_again(own_redis):
    store = RedisStore(RedisLink(own_redis.url))
    await store.set("generation", b"7")

    await asyncio.to_thread(own_redis.stop)
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:\d+/0 could not read 'generation'"):
        await store.get("generation")
    await asyncio.to_thread(own_redis.start)

    assert await store.get("generation") == b"7"
    await store.close()


async def test_a_subscription_that_loses_its_connection_says_so(own_redis):
    store = RedisStore(RedisLink(own_redis.url))

    async with store.subscribe("news") as messages:
        await asyncio.to_thread(own_redis.stop)

        with pytest.raises(StoreError, match="could not go on reading 'news'"):
            await anext(messages)
    await store.close()


async def test_a_store_that_never_answers_is_given_up():
    async def say_nothing(reader, writer):
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    store = RedisStore(RedisLink(f"redis://user:secret@127.0.0.1:{port}", timeout_s=0.05))

    with pytest.raises(StoreError, match=r"could not answer a ping \(limit 0.05 s\)") as failed:
        await store.ping()

    assert "secret" not in failed.value.message
    await store.close()
    silent.close()
    await silent.wait_closed()


def test_a_url_of_something_else_is_refused():
    with pytest.raises(SetupError, match=r"store\.url 'http://x' is no URL of a Redis"):
        RedisLink("http://x")
