"""What the cache does where its store is away, slow, or full."""

import asyncio

from orchestrator.caching.answer_cache import AnswerCache, Place
from orchestrator.caching.settings import CacheSettings
from orchestrator.compositions.base import Decision, Reply
from orchestrator.engines.base import Chunk, Delta, Usage
from orchestrator.engines.streams import gathered
from orchestrator.errors import StoreError
from orchestrator.store.memory_answers import MemoryAnswers

ON = CacheSettings(mode="all")
PLACE = Place(key="k")


class Leaving(MemoryAnswers):
    """Is away while it is told to be."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        self.num_asked = 0

    async def find(self, key: str, *, now_s: float) -> bytes | None:
        self._come()
        return await super().find(key, now_s=now_s)

    async def put(self, key: str, value: bytes, *, now_s: float, expires_s: float) -> None:
        self._come()
        await super().put(key, value, now_s=now_s, expires_s=expires_s)

    def _come(self) -> None:
        self.num_asked += 1
        if self.is_away:
            raise StoreError("the store is away")


async def answered(cache: AnswerCache, text: str = "hi", place: Place = PLACE) -> None:
    """An answer is made and kept."""

    async def items():
        usage = Usage(prompt_tokens=1, completion_tokens=1)
        yield Chunk(deltas=(Delta(text=text, finish_reason="stop"),), usage=usage)

    with cache.under_way(place) as keeping:
        reply = Reply(decision=Decision(expert="math", generation=1), items=items())
        told = keeping.passed_on(reply, reply.items, may_be_cut=False)
    await gathered(told)
    await cache.settled()


async def text_of(cache: AnswerCache, place: Place = PLACE) -> str | None:
    found = await cache.find(place, may_wait=False)
    return None if found is None else found.kept.deltas[0].text


async def test_a_store_that_is_away_is_a_miss_and_left_alone_for_a_while():
    store, now = Leaving(), [1_000.0]
    cache = AnswerCache(store, ON, clock=lambda: now[0])
    await answered(cache)
    store.is_away = True
    missed = [await text_of(cache) for _ in range(3)]
    num_asked = store.num_asked
    store.is_away = False
    now[0] += 5.0

    assert (missed, num_asked) == ([None] * 3, 2)  # once to keep, once to find
    assert await text_of(cache) == "hi"


async def test_an_answer_that_cannot_be_kept_is_told_all_the_same():
    store = Leaving()
    store.is_away = True
    cache = AnswerCache(store, ON)
    await answered(cache)

    assert await text_of(cache) is None


async def test_an_answer_ages_and_ends():
    now = [1_000.0]
    cache = AnswerCache(MemoryAnswers(), CacheSettings(mode="all", keep_s=60), clock=lambda: now[0])
    await answered(cache)
    now[0] += 59.0
    found = await cache.find(PLACE, may_wait=False)
    now[0] += 1.0

    assert (found.kind, found.age_s) == ("exact", 59.0)
    assert await text_of(cache) is None


async def test_an_answer_that_is_too_long_is_not_kept():
    cache = AnswerCache(MemoryAnswers(), CacheSettings(mode="all", max_answer_bytes=1024))
    await answered(cache, "word " * 300)

    assert await text_of(cache) is None


async def test_a_value_that_another_version_wrote_is_a_miss():
    store = MemoryAnswers()
    await store.put("k", b'{"another": "form"}', now_s=0.0, expires_s=1e12)
    await store.put("broken", b"no json", now_s=0.0, expires_s=1e12)
    cache = AnswerCache(store, ON)

    assert await text_of(cache) is None
    assert await text_of(cache, Place(key="broken")) is None


async def test_what_fails_before_it_begins_lets_the_next_one_be_first():
    cache = AnswerCache(MemoryAnswers(), ON)
    try:
        with cache.under_way(PLACE):
            raise StoreError("no")
    except StoreError:
        await answered(cache)

    assert await text_of(cache) == "hi"


async def test_many_answers_at_once_wait_for_a_slow_store_within_bounds():
    class Slow(MemoryAnswers):
        gate = asyncio.Event()

        async def put(self, key: str, value: bytes, *, now_s: float, expires_s: float) -> None:
            await self.gate.wait()
            await super().put(key, value, now_s=now_s, expires_s=expires_s)

    store = Slow()
    cache = AnswerCache(store, ON)
    answers = [asyncio.create_task(answered(cache, "hi", Place(key=str(n)))) for n in range(100)]
    await asyncio.wait(answers, timeout=0.05)
    store.gate.set()
    await asyncio.gather(*answers)

    assert (await store.holdings()).num_answers == 64
