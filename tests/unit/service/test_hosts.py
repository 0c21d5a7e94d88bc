"""The engines of one slot."""

import asyncio
from pathlib import Path

import pytest

from orchestrator.engines.fake import FakeHost
from orchestrator.engines.lineage import Lineage
from orchestrator.errors import EngineDeadError
from orchestrator.registry.models import Expert, Slot
from orchestrator.service.hosts import Hosts
from orchestrator.service.layout import Share


def lineage(name: str) -> Lineage:
    return Lineage(id=name, experts=(Expert(id=name, model=name),), root=Path())


def share(*names: str, accelerators: int = 0) -> Share:
    slot = Slot(name="local", memory_gib=4, accelerators=accelerators)
    return Share(name="local", slot=slot, lineages=tuple(lineage(name) for name in names))


class Openings:
    """Opens fake hosts and remembers how many were opening at once."""

    def __init__(self, *, fails: str | None = None) -> None:
        self.fails = fails
        self.num_now = self.num_most = 0
        self.opened: list[FakeHost] = []

    async def open(self, wanted: Lineage) -> FakeHost:
        self.num_now += 1
        self.num_most = max(self.num_most, self.num_now)
        await asyncio.sleep(0)
        self.num_now -= 1
        if wanted.id == self.fails:
            raise EngineDeadError(f"engine {wanted.id} is broken")
        self.opened.append(FakeHost(wanted.experts))
        return self.opened[-1]


async def test_engines_of_a_cpu_slot_start_together():
    openings = Openings()

    hosts = await Hosts(share("a", "b"), open_host=openings.open).open()

    assert len(hosts) == openings.num_most == 2


async def test_engines_that_share_accelerators_start_one_at_a_time():
    openings = Openings()

    await Hosts(share("a", "b", accelerators=1), open_host=openings.open).open()

    assert openings.num_most == 1


async def test_an_engine_that_does_not_start_closes_those_that_did():
    openings = Openings(fails="b")

    with pytest.raises(EngineDeadError, match="engine b is broken"):
        await Hosts(share("a", "b"), open_host=openings.open).open()

    with pytest.raises(EngineDeadError):
        await openings.opened[0].check()


async def test_a_dead_engine_is_replaced_by_one_of_its_lineage():
    openings = Openings()
    hosts = Hosts(share("a"), open_host=openings.open)
    (dead,) = (await hosts.open()).values()

    alive = await hosts.revive(dead)

    assert alive is not dead
    assert hosts.doing == "engines are up"


async def test_the_operator_reads_what_is_still_starting():
    hosts = Hosts(share("a", "b"), open_host=Openings().open)

    assert hosts.doing == "starting a (1 experts), b (1 experts)"
