import pytest

from orchestrator.errors import StoreError
from orchestrator.routing.hearing import Hearing
from orchestrator.store.memory_judgements import MemoryJudgements
from tests.contracts.judgements import judgement


class Clock:
    now_s = 2_000.0

    def __call__(self) -> float:
        return self.now_s


class Away(MemoryJudgements):
    """A store that answers once it is back."""

    is_away = True

    async def revision(self) -> str:
        if self.is_away:
            raise StoreError("away")
        return await super().revision()


def hearing(store):
    told = []
    clock = Clock()
    return Hearing(store, told.append, clock=clock), told, clock


async def test_routers_are_told_what_is_said_and_once_only():
    store = MemoryJudgements()
    found, told, _ = hearing(store)
    await store.put(judgement(1, score=0.25))

    await found.look()
    await found.look()

    [tallies] = told
    assert tallies["topic"].right == {("sums", "maths"): 0.25}


async def test_what_is_taken_back_is_told_too():
    store = MemoryJudgements()
    found, told, _ = hearing(store)
    await store.put(judgement(1))
    await found.look()

    await store.remove("fb-1")
    await found.look()

    assert told[-1] == {}


async def test_what_judges_no_router_is_told_to_none():
    store = MemoryJudgements()
    found, told, _ = hearing(store)
    await store.put(judgement(1, router=None))
    await store.put(judgement(2, labels=()))

    await found.look()

    assert told == [{}]


async def test_what_grows_old_is_forgotten_without_a_change():
    store = MemoryJudgements()
    found, told, clock = hearing(store)
    await store.put(judgement(1))
    await found.look()

    clock.now_s += 91 * 24 * 3600
    await found.look()

    assert told[-1] == {}


async def test_while_the_store_is_away_routers_stay_as_they_are():
    store = Away()
    found, told, _ = hearing(store)
    await store.put(judgement(1))

    with pytest.raises(StoreError):
        await found.look()
    assert told == []

    store.is_away = False
    await found.look()
    assert len(told) == 1
