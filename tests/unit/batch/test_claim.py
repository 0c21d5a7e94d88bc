import pytest

from orchestrator.batch import places
from orchestrator.batch.claim import claimed
from orchestrator.batch.storage_memory import MemoryStorage
from orchestrator.errors import ConflictError


async def test_the_last_claim_holds_and_the_one_before_is_told_who_has_it():
    storage = MemoryStorage()
    former = await claimed(storage)
    await former.check()

    latter = await claimed(storage)

    await latter.check()
    with pytest.raises(ConflictError, match="run by office 2, which came after this one, 1"):
        await former.check()
    assert former.name != latter.name


async def test_two_that_claim_at_the_same_moment_are_told_apart():
    storage = MemoryStorage()
    one = await claimed(storage)
    await storage.delete(places.CLAIM)
    other = await claimed(storage)

    await other.check()
    with pytest.raises(ConflictError):
        await one.check()
    assert one.name != other.name


@pytest.mark.parametrize("data", [b"", b"{", b'{"epoch": "x"}'])
async def test_a_damaged_claim_is_claimed_anew(data):
    storage = MemoryStorage()
    await storage.write(places.CLAIM, data)

    await (await claimed(storage)).check()
