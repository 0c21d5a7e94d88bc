import pytest

from orchestrator.errors import StoreError
from orchestrator.store.memory import MemoryRecords, MemoryStore
from tests.contracts.store import RecordsContract, StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self):
        return MemoryStore()


class TestMemoryRecords(RecordsContract):
    @pytest.fixture
    def records(self):
        return MemoryRecords(max_records=3)


async def test_a_value_expires_when_its_time_is_over():
    now_s = 0.0
    store = MemoryStore(clock=lambda: now_s)
    await store.set("key", b"one", expires_s=5)

    now_s = 4.9
    assert await store.get("key") == b"one"
    now_s = 5.0
    assert await store.get("key") is None


async def test_a_closed_store_answers_nobody_and_ends_subscriptions():
    store = MemoryStore()

    async with store.subscribe("news") as messages:
        await store.close()

        with pytest.raises(StoreError, match="closed"):
            await anext(messages)
    with pytest.raises(StoreError, match="closed"):
        await store.get("key")
