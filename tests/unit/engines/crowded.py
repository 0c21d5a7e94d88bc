"""A slot whose lineages need more memory together than it has, on fake hosts."""

import asyncio

from orchestrator.engines.base import Call, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.fake import FakeEngine, FakeHost
from orchestrator.engines.seat import Seat
from orchestrator.engines.slot import Slot
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.ledger import usage
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.roster import Room
from orchestrator.residency.state import Footprint

ALL_RUNGS = ("serving", "asleep", "weightless", "stopped")
FOOTPRINTS = {
    "serving": Footprint(device_gib=10),
    "asleep": Footprint(device_gib=1, host_gib=6),
    "weightless": Footprint(device_gib=1),
}


def call(expert: Expert, **fields) -> Call:
    prompt = Text(text="hi")
    return Call(
        id="c", expert=expert.id, generation=1, version=expert.version, prompt=prompt, **fields
    )


class Crowded:
    """Lineages `a`, `b`, `c` ... of two experts each, `a0` and `a1`, and a room for few of them."""

    def __init__(
        self,
        lineages: str = "ab",
        *,
        gib=10.0,
        host_gib=0.0,
        rungs=("serving", "stopped"),
        **fields,
    ) -> None:
        self.clock = fields.pop("clock", None) or ManualClock()
        self.slot = Slot("local", clock=self.clock, limits=LoopLimits(**fields))
        self.experts = {f"{one}{n}": Expert(id=f"{one}{n}") for one in lineages for n in range(2)}
        #: The live host of each engine, or its last.
        self.hosts: dict[str, FakeHost] = {}
        self.opened: list[str] = []
        #: Expert id -> what its next starts raise, one after the other.
        self.failures: dict[str, list[BaseException]] = {}
        #: Expert id -> what its swaps and wakes raise.
        self.broken: dict[str, BaseException] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.answers = asyncio.Event()
        self.answers.set()
        self._rungs = rungs
        for one in lineages:
            self._add(one)
        self.slot.hold(list(lineages), room=Room(device_gib=gib, host_gib=host_gib))

    def _add(self, lineage: str) -> None:
        members = [self.experts[f"{lineage}{n}"] for n in range(2)]

        async def open_host(first: Expert) -> FakeHost:
            self.opened.append(first.id)
            await self.gate.wait()
            if self.failures.get(first.id):
                raise self.failures[first.id].pop(0)
            others = [one for one in members if one is not first]
            engine = FakeEngine("{expert}: {prompt}", gate=self.answers)
            self.hosts[lineage] = FakeHost(
                [first, *others], engine=engine, rungs=self._rungs, broken=self.broken
            )
            return self.hosts[lineage]

        self.slot.add(lineage, Seat(lineage, opening=open_host, footprints=FOOTPRINTS))
        self.slot.assign(lineage, members)

    def damage(self, expert_id: str, error: BaseException) -> None:
        """Every swap and wake to this expert fails from now on."""
        for broken in (self.broken, *(host.broken for host in self.hosts.values())):
            broken[expert_id] = error

    def mend(self) -> None:
        for broken in (self.broken, *(host.broken for host in self.hosts.values())):
            broken.clear()

    async def started(self) -> "Crowded":
        await self.slot.settled()
        return self

    async def said(self, expert_id: str, **fields) -> str:
        answer = await collect(self.slot.generate(call(self.experts[expert_id], **fields)))
        return answer.choices[0].text

    async def asking(self, expert_id: str, **fields) -> asyncio.Task:
        """A call that has got as far as it can for now."""
        task = asyncio.create_task(self.said(expert_id, **fields))
        while not task.done() and not self._waits_or_runs(expert_id):  # noqa: ASYNC110
            await asyncio.sleep(0)
        return task

    def _waits_or_runs(self, expert_id: str) -> bool:
        return self.experts[expert_id].key in self.slot.loop.experts_in_use

    @property
    def rungs(self) -> dict[str, str]:
        return {host.engine: host.rung for host in self.slot.describe().hosts}

    @property
    def device_gib(self) -> float:
        return usage(self.slot.loop.state).device_gib
