"""What a slot does with a call that has to wait, and what it tells its caller."""

import asyncio

from orchestrator.engines.base import Call, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.fake import FakeEngine, FakeHost
from orchestrator.engines.slot import Slot
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.limits import LoopLimits

MATHS, FRENCH = (Expert(id=id_) for id_ in ("maths", "french"))


def call(expert: Expert = MATHS, *, id_: str = "c", **fields) -> Call:
    prompt = Text(text="hi")
    return Call(
        id=id_, expert=expert.id, version=expert.version, generation=1, prompt=prompt, **fields
    )


class Busy:
    """A slot for one call at a time, and a call that takes its turn until `free`."""

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
        has_begun = asyncio.Event()

        async def run():
            has_begun.set()
            return await collect(self.slot.generate(asked))

        task = asyncio.create_task(run())
        await has_begun.wait()
        return task

    def free(self) -> None:
        self._gate.set()


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
