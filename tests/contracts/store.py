"""What every `Store` and every `Records` does; subclasses bring the fixture."""

import asyncio

import pytest

from orchestrator.store.base import Store
from orchestrator.store.records import DecisionRecord, Records


def record(request_id: str = "r1", **fields) -> DecisionRecord:
    return DecisionRecord(
        **{
            "request_id": request_id,
            "created_s": 1.5,
            "endpoint": "chat",
            "model": "auto",
            "expert": "maths",
            "generation": 1,
            "is_streamed": True,
            "status": 200,
            "duration_ms": 3.0,
            "overhead_ms": 0.5,
        }
        | fields
    )


class StoreContract:
    """Needs a fixture `store`, empty and fresh."""

    async def test_a_key_has_the_value_it_was_given_last(self, store: Store):
        await store.set("key", b"one")
        await store.set("key", b"\x00two")

        assert await store.get("key") == b"\x00two"

    async def test_a_key_without_a_value_is_none(self, store: Store):
        assert await store.get("key") is None

    async def test_a_deleted_key_has_no_value(self, store: Store):
        await store.set("key", b"one")

        assert (await store.delete("key"), await store.delete("key")) == (True, False)
        assert await store.get("key") is None

    async def test_of_two_that_expect_the_same_value_one_succeeds(self, store: Store):
        await store.set("generation", b"1")

        done = await asyncio.gather(
            *(store.compare_and_set("generation", expected=b"1", value=new) for new in (b"2", b"3"))
        )

        assert sorted(done) == [False, True]
        assert await store.get("generation") == (b"2" if done[0] else b"3")

    async def test_expecting_nothing_succeeds_on_a_missing_key_alone(self, store: Store):
        first = await store.compare_and_set("key", expected=None, value=b"")
        second = await store.compare_and_set("key", expected=None, value=b"x")

        assert (first, second, await store.get("key")) == (True, False, b"")

    async def test_an_empty_value_is_not_a_missing_one(self, store: Store):
        assert not await store.compare_and_set("key", expected=b"", value=b"x")

    async def test_a_value_cannot_expire_at_once(self, store: Store):
        with pytest.raises(ValueError, match="expires_s is 0; it must be more than 0"):
            await store.set("key", b"one", expires_s=0)

    async def test_subscribers_hear_what_is_published_after_they_came(self, store: Store):
        await store.publish("news", b"old")
        async with store.subscribe("news") as first, store.subscribe("news") as second:
            await store.publish("news", b"new")
            await store.publish("other", b"elsewhere")
            await store.publish("news", b"newer")

            heard = [[await anext(one), await anext(one)] for one in (first, second)]

        assert heard == [[b"new", b"newer"]] * 2

    async def test_it_answers_a_ping(self, store: Store):
        await store.ping()


class RecordsContract:
    """Needs a fixture `records`, empty, that keeps three."""

    async def test_records_come_back_newest_first(self, records: Records):
        for number in range(3):
            records.put(record(f"r{number}"))
        await records.drained()

        assert [one.request_id for one in await records.recent(limit=2)] == ["r2", "r1"]

    async def test_a_record_is_found_by_its_request(self, records: Records):
        stored = record("r1", scores={"maths": 0.5}, metadata={"team": "a"}, first_token_ms=1.0)
        records.put(stored)
        await records.drained()

        assert await records.find("r1") == stored
        assert await records.find("r2") is None

    async def test_the_oldest_go_when_there_are_too_many(self, records: Records):
        for number in range(5):
            records.put(record(f"r{number}"))
        await records.drained()

        assert [r.request_id for r in await records.recent(limit=9)] == ["r4", "r3", "r2"]
        assert await records.find("r1") is None
