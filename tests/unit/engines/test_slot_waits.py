"""What a slot does with a call that has to wait, and what it tells its caller."""

import asyncio
from contextlib import aclosing

import pytest

from orchestrator.engines.base import Call, Chunk, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.embedding import EmbedCall
from orchestrator.engines.fake import FakeEngine, FakeHost
from orchestrator.engines.notices import A_PLACE_S, FIRST_S, THEN_S, Notice
from orchestrator.engines.seat import Seat
from orchestrator.engines.slot import Slot
from orchestrator.errors import EngineTimeoutError
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.limits import LoopLimits

MATHS, FRENCH = (Expert(id=id_) for id_ in ("maths", "french"))


def call(expert: Expert = MATHS, *, id_: str = "c", **fields) -> Call:
    prompt = Text(text="hi")
    return Call(
        id=id_, expert=expert.id, version=expert.version, generation=1, prompt=prompt, **fields
    )


async def begun(work) -> asyncio.Task:
    """A task that has run up to its first wait."""
    has_begun = asyncio.Event()

    async def run():
        has_begun.set()
        return await work

    task = asyncio.create_task(run())
    await has_begun.wait()
    return task


class Busy:
    """A slot for one call at a time, and a call that has its turn until `free`."""

    def __init__(self) -> None:
        self.clock, self._gate = ManualClock(), asyncio.Event()
        self.host = FakeHost([MATHS, FRENCH], engine=FakeEngine("{expert}", gate=self._gate))
        self.slot = Slot("local-0", clock=self.clock, limits=LoopLimits(capacity=1))
        self.slot.seat("llama", self.host, [MATHS, FRENCH])

    async def __aenter__(self) -> "Busy":
        self._first = asyncio.create_task(collect(self.slot.generate(call(id_="first"))))
        await self.host.engine.arrived.wait()
        return self

    async def __aexit__(self, *_) -> None:
        self.free()
        await self._first

    async def queue(self, asked: Call) -> asyncio.Task:
        """Have a call wait."""
        return await begun(collect(self.slot.generate(asked)))

    async def next_after(self, items, seconds: float):
        """What the reader of `items`, who waits for more, gets when some seconds have passed."""
        reader = await begun(anext(items))
        self.clock.advance(seconds)
        return await reader

    def free(self) -> None:
        self._gate.set()


async def test_a_call_whose_turn_comes_at_once_is_told_nothing():
    slot = Slot("local-0", clock=ManualClock())
    slot.seat("llama", FakeHost([MATHS, FRENCH]), [MATHS, FRENCH])

    items = [item async for item in slot.generate(call())]

    assert {type(item) for item in items} == {Chunk}


async def test_a_call_that_waits_is_told_at_once_then_after_a_while_then_every_second():
    async with Busy() as busy, aclosing(busy.slot.generate(call())) as items:
        pauses_s = (FIRST_S, THEN_S, THEN_S)
        told = [await anext(items), *[await busy.next_after(items, one) for one in pauses_s]]

    assert [notice.position for notice in told] == [1] * 4
    assert [notice.waited_s for notice in told] == [0, 0.25, 1.25, 2.25]


async def test_who_is_far_back_is_told_less_often():
    async with Busy() as busy:
        ahead = [await busy.queue(call()) for _ in range(250)]
        async with aclosing(busy.slot.generate(call())) as items:
            await anext(items)
            pauses_s = (FIRST_S, 251 * A_PLACE_S)
            told = [await busy.next_after(items, one) for one in pauses_s]
        busy.free()
        await asyncio.gather(*ahead)

    assert [notice.waited_s for notice in told] == [0.25, pytest.approx(0.25 + 2.51)]


async def test_the_last_notice_says_that_the_wait_is_over_and_the_answer_follows():
    async with Busy() as busy, aclosing(busy.slot.generate(call())) as items:
        await anext(items)
        busy.clock.advance(0.1)
        busy.free()
        rest = [item async for item in items]

    assert rest[0] == Notice(position=0, waited_s=0.1)
    assert rest[0].is_over
    assert "".join(delta.text for chunk in rest[1:] for delta in chunk.deltas) == "maths"


async def test_each_caller_hears_its_own_place():
    async with Busy() as busy:
        places = []
        for _ in range(3):
            items = busy.slot.generate(call())
            places.append((await anext(items)).position)
            await begun(collect(items))

    assert places == [1, 2, 3]


async def test_who_does_not_read_along_hears_its_place_and_its_wait_alone():
    async with Busy() as busy:
        items = busy.slot.generate(call(stream=False))
        found = [await anext(items)]
        rest = await begun(anext(items))
        busy.clock.advance(60)
        busy.free()
        found += [await rest, await anext(items)]

    assert found[0].position == 1
    assert found[1] == Notice(position=0, waited_s=60)
    assert isinstance(found[2], Chunk)


async def test_who_is_refused_after_a_wait_hears_how_long_it_was():
    async with Busy() as busy:
        items = busy.slot.generate(call(timeout_s=5, stream=False))
        await anext(items)
        over = await busy.next_after(items, 5)
        with pytest.raises(EngineTimeoutError, match=r"waited 5\.0 s"):
            await anext(items)

    assert over == Notice(position=0, waited_s=5)


async def test_who_hangs_up_while_it_waits_leaves_the_queue():
    async with Busy() as busy:
        async with aclosing(busy.slot.generate(call())) as items:
            await anext(items)
            num_waiting = busy.slot.describe().num_waiting

        assert (num_waiting, busy.slot.describe().num_waiting) == (1, 0)


async def test_who_lost_its_engine_is_told_that_it_waits_again():
    gate, hosts = asyncio.Event(), []

    async def opened(_) -> FakeHost:
        hosts.append(FakeHost([MATHS], engine=FakeEngine("{expert}", gate=gate)))
        return hosts[-1]

    slot = Slot("local-0", clock=ManualClock())
    slot.add("llama", Seat("llama", opening=opened))
    slot.assign("llama", [MATHS])
    slot.hold(["llama"])
    await slot.settled()
    items = slot.generate(call())
    first = await begun(anext(items))
    await hosts[0].engine.arrived.wait()

    await hosts[0].die()
    told = await first
    gate.set()
    over, *answer = [item async for item in items]

    assert (told.position, over.position) == (1, 0)
    assert "".join(delta.text for chunk in answer for delta in chunk.deltas) == "maths"


async def test_vectors_that_were_waited_for_say_so():
    asked = EmbedCall(
        id="e", expert="maths", version=MATHS.version, generation=1, inputs=(Text(text="hi"),)
    )
    async with Busy() as busy:
        waiting = await begun(busy.slot.embed(asked))
        busy.clock.advance(3)
        busy.free()
        vectors = await waiting
        at_once = await busy.slot.embed(asked)

    assert [notice.position for notice in vectors.notices] == [1, 0]
    assert vectors.notices[-1].waited_s == 3
    assert at_once.notices == ()


async def test_calls_of_an_expert_go_by_priority_then_by_the_order_of_their_plan():
    async with Busy() as busy:
        waiting = [
            await busy.queue(call(id_="later", order=7)),
            await busy.queue(call(id_="sooner", order=2)),
            await busy.queue(call(id_="urgent", priority=10, order=9)),
        ]

        busy.free()
        await asyncio.gather(*waiting)

    ids = [one.id for one in busy.host.engine.calls]
    assert ids == ["first", "urgent", "sooner", "later"]
