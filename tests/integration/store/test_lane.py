import asyncio
import os
import signal

import pytest
from redis.exceptions import RedisError, ResponseError

from orchestrator.store.link import RedisLink
from tests.integration.store.conftest import started, stopped

pytestmark = pytest.mark.integration


async def test_whoever_stops_waiting_leaves_every_other_caller_its_own_answer(link):
    await link.lane.ask("PING")
    asked = [asyncio.create_task(link.lane.ask("ECHO", str(n))) for n in range(30)]
    await asyncio.sleep(0)
    for one in asked[::3]:
        one.cancel()

    told = await asyncio.gather(*asked, return_exceptions=True)

    assert [one for n, one in enumerate(told) if n % 3] == [b"%d" % n for n in range(30) if n % 3]
    assert all(isinstance(one, asyncio.CancelledError) for one in told[::3])


async def test_what_nobody_waits_for_is_done_before_what_is_asked_later(link):
    key = f"{link.prefix}n"
    await link.lane.ask("PING")
    left = asyncio.create_task(link.lane.ask("INCR", key))
    await asyncio.sleep(0)
    left.cancel()

    assert await link.lane.ask("INCR", key) == 2


async def test_a_thousand_who_ask_at_once_share_one_connection(link):
    id_ = await link.lane.ask("CLIENT", "ID")

    assert set(await asyncio.gather(*(link.lane.ask("CLIENT", "ID") for _ in range(1000)))) == {id_}


async def test_a_refused_command_is_one_caller_s_fault(link):
    asked = (link.lane.ask("ECHO", "a"), link.lane.ask("NO-SUCH"), link.lane.ask("ECHO", "b"))

    first, refused, last = await asyncio.gather(*asked, return_exceptions=True)

    assert (first, last) == (b"a", b"b")
    assert isinstance(refused, ResponseError)


async def test_a_redis_that_keeps_silent_fails_all_in_time_and_is_asked_anew_afterwards(own_redis):
    link = RedisLink(own_redis.url, timeout_s=0.3)
    await link.lane.ask("PING")
    os.kill(own_redis.pid, signal.SIGSTOP)

    asked = (link.lane.ask("ECHO", str(n)) for n in range(5))
    told = await asyncio.gather(*asked, return_exceptions=True)
    os.kill(own_redis.pid, signal.SIGCONT)

    assert all(isinstance(one, RedisError | TimeoutError) for one in told)
    assert await link.lane.ask("ECHO", "again") == b"again"
    await link.close()


async def test_one_that_ended_fails_at_once_and_one_that_is_back_answers(own_redis):
    link = RedisLink(own_redis.url)
    await link.lane.ask("PING")
    await stopped(own_redis)
    with pytest.raises(RedisError):
        await link.lane.ask("PING")
    await started(own_redis)

    assert await link.lane.ask("ECHO", "back") == b"back"
    await link.close()
