"""A running engine whose `World` says what fails, and notes what is done."""

import asyncio

from orchestrator.engines.fake import FakeEngine
from orchestrator.errors import EngineDeadError, SwapError


class Scripted(FakeEngine):
    num_unfinished = 0

    def __init__(self, world, expert) -> None:
        super().__init__("{expert}")
        self.world, self.expert, self.rungs = world, expert, world.rungs
        self.adapters, self.rung = (), "serving"

    def prepare(self, expert):
        if expert.id in self.world.unfit:
            raise SwapError(f"{expert.id} does not fit")

    async def reload(self, expert):
        self.expert, self.adapters = expert, ()
        self.world.done.append(f"reload {expert.id}")
        self.world.reloading.set()
        await self.world.gate.wait()

    async def add(self, adapter):
        self.world.done.append(f"add {adapter.id}")
        self.world.adding.set()
        await self.world.gate.wait()
        self.adapters = (*self.adapters, adapter)

    async def remove(self, adapter):
        self.adapters = tuple(one for one in self.adapters if one != adapter)
        self.world.done.append(f"remove {adapter.id}")

    async def sleep(self, rung):
        await self._step(f"sleep {rung}")
        self.rung = rung

    async def wake(self, expert):
        if self.rung != "asleep" or expert != self.expert:
            self.adapters = ()
        await self._step(f"wake {expert.id}")
        self.expert, self.rung = expert, "serving"

    async def measure(self):
        return self.world.measured.get(self.rung)

    async def _step(self, name):
        self.world.done.append(name)
        self.world.stepping.set()
        await self.world.gate.wait()
        if name in self.world.fails:
            raise self.world.fails[name]

    async def prove(self, canaries, expert, *, is_fresh):
        if (expert.id, is_fresh) in self.world.unproved:
            raise SwapError(f"canary of {expert.id} differs")

    def generate(self, expert, call):
        return super().generate(call)

    async def embed(self, call):
        self.world.embedding.set()
        await self.world.embedding_gate.wait()
        return await super().embed(call)

    def check(self):
        if self.world.is_dead:
            raise EngineDeadError("killed")


class World:
    """What `SiblingHost` begins engines in."""

    def __init__(self) -> None:
        self.done, self.unfit, self.unproved = [], set(), set()
        self.rungs = ("serving", "asleep", "weightless", "stopped")
        #: Step, as it is noted -> what it raises; rung -> what is measured there.
        self.fails, self.measured = {}, {}
        self.stepping = asyncio.Event()
        self.is_dead = False
        self.reloading, self.adding = asyncio.Event(), asyncio.Event()
        self.embedding = asyncio.Event()
        self.gate, self.embedding_gate = asyncio.Event(), asyncio.Event()
        self.gate.set()
        self.embedding_gate.set()

    async def begin(self, lineage, expert):
        self.done.append(f"start {expert.id}")
        if f"start {expert.id}" in self.fails:
            raise self.fails[f"start {expert.id}"]
        return Scripted(self, expert)
