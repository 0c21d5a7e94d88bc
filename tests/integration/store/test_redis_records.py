import asyncio
import logging

import pytest

from orchestrator import metrics
from orchestrator.store.link import RedisLink
from orchestrator.store.records import UnreadableRecord
from orchestrator.store.redis_records import RecordLimits, RedisRecords
from tests.contracts.store import RecordsContract, record

pytestmark = pytest.mark.integration


class TestRedisRecords(RecordsContract):
    @pytest.fixture
    async def records(self, link):
        records = RedisRecords(link, limits=RecordLimits(max_records=3))
        records.start()
        yield records
        await records.close()


def num_dropped() -> float:
    return metrics.RECORDS_DROPPED._value.get()


async def test_thousands_of_records_are_written_in_batches(link):
    records = RedisRecords(link)
    for number in range(3000):
        records.put(record(f"r{number}"))

    records.start()
    await records.drained()

    assert (await records.find("r2999")).request_id == "r2999"
    assert len(await records.recent(limit=5000)) == 3000
    await records.close()


async def test_what_falls_off_the_end_takes_its_index_along(link):
    records = RedisRecords(link, limits=RecordLimits(max_records=3, max_batch=2))
    records.start()
    for number in range(10):
        records.put(record(f"r{number}"))
    await records.drained()

    keys = [key async for key in link.client.scan_iter(match="*", count=1000)]
    own = [key for key in keys if key.startswith(link.prefix.encode())]

    assert len(own) == 3 + 1
    await records.close()


async def test_the_index_expires(link):
    records = RedisRecords(link, limits=RecordLimits(retention_s=100))
    records.start()
    records.put(record("r1"))
    await records.drained()

    assert 0 < await link.client.ttl(f"{link.prefix}record:r1") <= 100
    await records.close()


async def test_a_record_of_a_newer_service_is_a_value_among_the_others(link):
    records = RedisRecords(link)
    records.start()
    records.put(record("r1"))
    await records.drained()
    newer = {"request": "r2", "record": '{"version": 9, "request_id": "r2"}'}
    await link.client.xadd(f"{link.prefix}records", newer)

    newest, older = await records.recent(limit=5)

    assert (newest.request_id, newest.version) == ("r2", 9)
    assert isinstance(newest, UnreadableRecord)
    assert older == record("r1")
    await records.close()


async def test_records_put_while_redis_is_away_are_written_when_it_is_back(own_redis):
    link = RedisLink(own_redis.url)
    records = RedisRecords(link, limits=RecordLimits(retry_s=0.02))
    records.start()
    await asyncio.to_thread(own_redis.stop)

    for number in range(100):
        records.put(record(f"r{number}"))
    await asyncio.to_thread(own_redis.start)
    await records.drained()

    assert len(await records.recent(limit=1000)) == 100
    await records.close()
    await link.close()


async def test_what_does_not_fit_is_counted_and_logged_once(own_redis, caplog):
    link = RedisLink(own_redis.url)
    records = RedisRecords(link, limits=RecordLimits(max_buffered=3))
    before = num_dropped()

    with caplog.at_level(logging.WARNING, logger="orchestrator.store"):
        for number in range(10):
            records.put(record(f"r{number}"))
        records.start()
        await records.drained()

    assert num_dropped() - before == 10 - 3
    assert [line.levelname for line in caplog.records] == ["ERROR", "WARNING"]
    assert "7 decision records were dropped" in caplog.messages[1]
    await records.close()
    await link.close()


async def test_closing_without_redis_drops_what_is_left_and_counts_it(own_redis):
    link = RedisLink(own_redis.url)
    records = RedisRecords(link, limits=RecordLimits(close_s=0.05, retry_s=10))
    await asyncio.to_thread(own_redis.stop)
    records.start()
    before = num_dropped()

    records.put(record("r1"))
    await records.close()

    assert num_dropped() - before == 1
    await link.close()
