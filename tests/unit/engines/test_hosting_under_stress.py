"""Assignments, deaths and failed starts by chance, under load."""

import asyncio
import random
from dataclasses import replace

import pytest

from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.hosting import Hosting
from orchestrator.errors import EngineDeadError, NotHostedError, OverloadedError
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.ledger import usage
from tests.unit.engines.test_hosting import Openings, assigned, rungs, said

EXPERTS = {f"{one}{n}": Expert(id=f"{one}{n}") for one in "abcd" for n in range(3)}
ROOM_GIB = 3


class Chance:
    """A slot, and an operator who changes his mind."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.clock, self.openings = ManualClock(), Openings()
        self.openings.engine = lambda: FakeEngine("{expert}")
        self.hosting = Hosting("local", open_host=self.openings.open, clock=self.clock)
        self.assignment = assigned()

    def edit(self) -> None:
        """Other lineages, other experts of each, one or two engines of each."""
        lineages = self.draw.sample("abcd", self.draw.randrange(1, 5))
        experts = {
            one: [
                EXPERTS[f"{one}{n}"] for n in self.draw.sample(range(3), self.draw.choice([1, 2]))
            ]
            for one in lineages
        }
        plan = assigned(room_gib=ROOM_GIB, at_once=self.draw.choice([1, 3]), **experts)
        self.assignment = replace(plan, num_engines=self.draw.choice([1, 2]))
        self.hosting.assign(self.assignment)

    async def kill(self) -> None:
        if self.openings.every:
            await self.draw.choice(self.openings.every).die("killed")
            await self.hosting.check()

    def fail(self) -> None:
        self.openings.failures[self.draw.choice("abcd")] = EngineDeadError("no such device")

    def mend(self) -> None:
        self.openings.failures.clear()

    def pass_time(self) -> None:
        self.clock.advance(self.draw.choice([0.1, 5, 20]))
        self.hosting.advance()

    async def act(self) -> None:
        deed = self.draw.choice([self.edit, self.kill, self.fail, self.mend, *[self.pass_time] * 2])
        if (done := deed()) is not None:
            await done
        self.check()

    def check(self) -> None:
        assert usage(self.hosting.slot.loop.state).device_gib <= ROOM_GIB


def is_told(result) -> bool:
    return isinstance(result, NotHostedError | EngineDeadError | OverloadedError)


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_is_assigned_calls_end_and_the_last_assignment_is_what_stays(seed):
    chance = Chance(seed)
    hosting, draw = chance.hosting, chance.draw
    chance.edit()
    calls = []
    for _ in range(150):
        expert = draw.choice(list(EXPERTS.values()))
        calls.append((expert, asyncio.create_task(said(hosting, expert))))
        for _ in range(draw.randrange(4)):
            await asyncio.sleep(0)
        if draw.random() < 0.3:
            await chance.act()
    chance.mend()
    while not all(task.done() for _, task in calls):
        chance.pass_time()
        chance.check()
        await asyncio.sleep(0)
    results = await asyncio.gather(*(task for _, task in calls), return_exceptions=True)
    chance.clock.advance(20)
    hosting.advance()
    await hosting.settled()

    for (expert, _), result in zip(calls, results, strict=True):
        assert result == expert.id or is_told(result), repr(result)
    lineages = {lineage.id for lineage in chance.assignment.lineages}
    assert {name.partition("#")[0] for name in rungs(hosting)} == lineages
    assert set(hosting.slot.describe().experts) == chance.assignment.keys
    for expert in [one for one in EXPERTS.values() if one.key in chance.assignment.keys]:
        assert await said(hosting, expert) == expert.id
    await hosting.close()
