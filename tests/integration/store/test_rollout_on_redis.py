"""A rollout whose Redis ends and comes back on its data."""

import asyncio

import pytest

from orchestrator.errors import StoreError
from orchestrator.registry.edit import Edit
from orchestrator.registry.rollout import Limits
from orchestrator.store.link import RedisLink
from orchestrator.store.redis import RedisStore
from tests.rollouts import Site, edit_of, ended, text_of

pytestmark = pytest.mark.integration


@pytest.fixture
async def store(own_redis):
    store = RedisStore(RedisLink(own_redis.url))
    yield store
    await store.close()


async def begun(site: Site, edit: Edit):
    return await site.rollout.offer(await site.rollout.examine(edit))


async def test_a_restart_while_an_edit_is_prepared_loses_nothing(own_redis, store):
    site = Site(store)
    await site.rollout.apply(edit_of("maths"))
    site.crowd.hold()
    attempt = await begun(site, edit_of("code"))
    await site.crowd.is_asked.wait()

    await asyncio.to_thread(own_redis.stop)
    await asyncio.to_thread(own_redis.start)
    site.crowd.is_free.set()

    assert (await attempt.outcome()).number == 2
    assert (await site.generations.live()).registry.experts[0].id == "code"


async def test_without_redis_at_the_flip_the_old_serves_on_and_the_file_is_tried_again(
    own_redis, store, tmp_path
):
    site, path = Site(store, limits=Limits(flip_s=0)), tmp_path / "experts.yaml"
    path.write_bytes(text_of("maths"))
    file = site.file(path)
    await ended(await file.look())
    path.write_bytes(text_of("code"))
    site.crowd.hold()
    attempt = await file.look()
    await site.crowd.is_asked.wait()

    await asyncio.to_thread(own_redis.stop)
    site.crowd.is_free.set()
    with pytest.raises(StoreError):
        await attempt.outcome()
    assert site.rollout.status().live.number == 1

    await asyncio.to_thread(own_redis.start)
    await site.rollout.settle()
    again = await file.look()

    assert (await ended(again)).number == 3
    assert site.rollout.status().is_valid


async def test_a_redis_that_is_away_for_a_moment_at_the_flip_is_waited_for(own_redis, store):
    site = Site(store)
    site.crowd.hold()
    attempt = await begun(site, edit_of("maths"))
    await site.crowd.is_asked.wait()

    await asyncio.to_thread(own_redis.stop)
    site.crowd.is_free.set()
    await site.crowd.is_ready.wait()
    await asyncio.to_thread(own_redis.start)

    assert (await attempt.outcome()).number == 1
