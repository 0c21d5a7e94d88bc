import asyncio

import pytest

from orchestrator.engines.base import Call, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.embedding import EmbedCall
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.sibling_host import SiblingHost
from orchestrator.errors import EngineDeadError, NotHostedError, SwapError
from orchestrator.registry.models import Expert

MATHS, FRENCH, CODE = (Expert(id=name) for name in ("maths", "french", "code"))


class Scripted(FakeEngine):
    """A running engine; `world` says what fails and notes what is done."""

    num_unfinished = 0

    def __init__(self, world, expert) -> None:
        super().__init__("{expert}")
        self.world, self.expert = world, expert

    def prepare(self, expert):
        if expert.id in self.world.unfit:
            raise SwapError(f"{expert.id} does not fit")

    async def reload(self, expert):
        self.expert = expert
        self.world.done.append(f"reload {expert.id}")
        self.world.reloading.set()
        await self.world.gate.wait()

    async def embed(self, call):
        self.world.embedding.set()
        await self.world.embedding_gate.wait()
        return await super().embed(call)

    async def prove(self, canaries, *, is_fresh):
        if (self.expert.id, is_fresh) in self.world.unproved:
            raise SwapError(f"canary of {self.expert.id} differs")

    def check(self):
        if self.world.is_dead:
            raise EngineDeadError("killed")


class World:
    def __init__(self) -> None:
        self.done, self.unfit, self.unproved = [], set(), set()
        self.is_dead = False
        self.reloading = asyncio.Event()
        self.embedding = asyncio.Event()
        self.gate, self.embedding_gate = asyncio.Event(), asyncio.Event()
        self.gate.set()
        self.embedding_gate.set()

    async def begin(self, lineage, expert):
        self.done.append(f"start {expert.id}")
        return Scripted(self, expert)


@pytest.fixture
def world():
    return World()


@pytest.fixture
async def host(world, tmp_path):
    lineage = Lineage(id="llama", experts=(MATHS, FRENCH), root=tmp_path)
    host = SiblingHost(lineage, world.begin)
    await host.start(MATHS)
    world.done.clear()
    return host


def call(expert):
    return Call(id="c", expert=expert, generation=1, prompt=Text(text="hi"))


async def test_a_swap_is_one_reload(host, world):
    await host.become(FRENCH)

    assert (host.resident, world.done) == ("french", ["reload french"])
    assert (await collect(host.generate(call("french")))).choices[0].text == "french"


async def test_an_expert_that_does_not_fit_touches_nothing(host, world):
    world.unfit.add("french")

    with pytest.raises(SwapError, match="does not fit"):
        await host.become(FRENCH)

    assert (host.resident, world.done) == ("maths", [])


async def test_an_expert_of_another_lineage_is_refused(host):
    other = Expert(id="code", engine={"kind": "fake"})

    with pytest.raises(SwapError, match="'code' is not of lineage 'llama'"):
        await host.become(other)


async def test_a_canary_that_differs_after_a_reload_restarts_the_engine(host, world):
    world.unproved.add(("french", False))

    await host.become(FRENCH)

    assert (host.resident, world.done) == ("french", ["reload french", "start french"])


async def test_weights_that_are_wrong_even_fresh_bring_the_previous_expert_back(host, world):
    world.unproved |= {("french", False), ("french", True)}

    with pytest.raises(SwapError, match="serves 'maths' again: canary of french differs"):
        await host.become(FRENCH)

    assert host.resident == "maths"
    assert world.done == ["reload french", "start french", "start maths"]


async def test_after_an_interrupted_swap_only_a_restart_is_trusted(host, world):
    world.gate.clear()
    swap = asyncio.create_task(host.become(FRENCH))
    await world.reloading.wait()
    swap.cancel()
    await asyncio.gather(swap, return_exceptions=True)
    world.gate.set()

    with pytest.raises(NotHostedError):
        await collect(host.generate(call("maths")))
    await host.become(MATHS)

    assert world.done == ["reload french", "start maths"]


async def test_nothing_is_answered_during_a_swap(host, world):
    world.gate.clear()
    swap = asyncio.create_task(host.become(FRENCH))
    await world.reloading.wait()

    with pytest.raises(NotHostedError, match="None is"):
        await collect(host.generate(call("french")))
    world.gate.set()
    await swap


async def test_a_swap_waits_for_calls_in_flight_and_admits_no_more(host, world):
    stream = host.generate(call("maths"))
    await anext(stream)
    swap = asyncio.create_task(host.become(FRENCH))
    while host.resident is not None:  # noqa: ASYNC110
        await asyncio.sleep(0.001)

    assert world.done == []
    await stream.aclose()
    await swap
    assert world.done == ["reload french"]


async def test_a_swap_given_up_while_it_waits_changes_nothing(host, world):
    stream = host.generate(call("maths"))
    await anext(stream)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(host.become(FRENCH), 0.05)

    assert (host.resident, world.done) == ("maths", [])
    await stream.aclose()


async def test_a_dead_engine_is_said_dead(host, world):
    world.is_dead = True

    with pytest.raises(EngineDeadError, match="killed"):
        await host.become(FRENCH)
    with pytest.raises(EngineDeadError, match="killed"):
        await collect(host.generate(call("maths")))


async def test_a_closed_host_is_dead(host):
    await host.close()

    with pytest.raises(EngineDeadError, match="'llama' is closed"):
        await host.check()


async def test_a_start_that_cannot_be_proved_is_refused(world, tmp_path):
    world.unproved.add(("maths", True))
    host = SiblingHost(Lineage(id="llama", experts=(MATHS,), root=tmp_path), world.begin)

    with pytest.raises(SwapError, match="canary of maths differs"):
        await host.start(MATHS)

    assert host.resident is None


def embed_call(expert):
    return EmbedCall(id="e", expert=expert, generation=1, inputs=(Text(text="hi"),))


async def test_vectors_are_made_for_the_resident_expert_alone(host):
    assert (await host.embed(embed_call("maths"))).num_tokens == 1
    with pytest.raises(NotHostedError, match="'french' is not resident"):
        await host.embed(embed_call("french"))


async def test_a_swap_waits_for_the_vectors_in_flight(host, world):
    world.embedding_gate.clear()
    embedding = asyncio.create_task(host.embed(embed_call("maths")))
    await world.embedding.wait()
    swap = asyncio.create_task(host.become(FRENCH))
    while host.resident is not None:  # noqa: ASYNC110 - a swap that drains has no event
        await asyncio.sleep(0)

    assert world.done == []
    world.embedding_gate.set()
    await asyncio.gather(embedding, swap)

    assert world.done == ["reload french"]
