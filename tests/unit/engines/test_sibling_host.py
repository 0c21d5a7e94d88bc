import asyncio
from dataclasses import replace

import pytest

from orchestrator.engines.base import Call, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.embedding import EmbedCall
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.sibling_host import SiblingHost
from orchestrator.errors import EngineDeadError, NotHostedError, SwapError
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert
from tests.unit.engines.running import World

MATHS, FRENCH, CODE = (Expert(id=name) for name in ("maths", "french", "code"))


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


def ids(host):
    return [expert.id for expert in host.residents]


async def test_a_swap_is_one_reload(host, world):
    await host.become(FRENCH)

    assert (ids(host), world.done) == (["french"], ["reload french"])
    assert (await collect(host.generate(call("french")))).choices[0].text == "french"


async def test_an_expert_that_does_not_fit_touches_nothing(host, world):
    world.unfit.add("french")

    with pytest.raises(SwapError, match="does not fit"):
        await host.become(FRENCH)

    assert (ids(host), world.done) == (["maths"], [])


async def test_an_expert_of_another_lineage_is_refused(host):
    other = Expert(id="code", engine={"kind": "fake"})

    with pytest.raises(SwapError, match="'code' is not of lineage 'llama'"):
        await host.become(other)


async def test_a_canary_that_differs_after_a_reload_restarts_the_engine(host, world):
    world.unproved.add(("french", False))

    await host.become(FRENCH)

    assert (ids(host), world.done) == (["french"], ["reload french", "start french"])


async def test_weights_that_are_wrong_even_fresh_bring_the_previous_expert_back(host, world):
    world.unproved |= {("french", False), ("french", True)}

    with pytest.raises(SwapError, match="serves 'maths' again: canary of french differs"):
        await host.become(FRENCH)

    assert ids(host) == ["maths"]
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

    with pytest.raises(NotHostedError, match=r"\[\] are"):
        await collect(host.generate(call("french")))
    world.gate.set()
    await swap


async def test_a_swap_waits_for_calls_in_flight_and_admits_no_more(host, world):
    stream = host.generate(call("maths"))
    await anext(stream)
    swap = asyncio.create_task(host.become(FRENCH))
    while host.residents:  # noqa: ASYNC110
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

    assert (ids(host), world.done) == (["maths"], [])
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

    assert ids(host) == []


ADAPTABLE = VllmEngine(max_loras=2)
BASE = Expert(id="base", model="m", engine=ADAPTABLE)
FORMAL, CURT, LONG = (
    Expert(id=name, model="m", base="base", adapter=name, engine=ADAPTABLE)
    for name in ("formal", "curt", "long")
)
SIBLING = Expert(id="sibling", model="s", engine=ADAPTABLE)
VITE = Expert(id="vite", model="s", base="sibling", adapter="vite", engine=ADAPTABLE)


@pytest.fixture
async def adapted(world, tmp_path):
    experts = (BASE, SIBLING, FORMAL, CURT, LONG, VITE)
    host = SiblingHost(Lineage(id="llama", experts=experts, root=tmp_path), world.begin)
    await host.start(BASE)
    world.done.clear()
    return host


async def test_adapters_known_are_added_as_far_as_there_is_room(adapted, world):
    world.unproved.add(("formal", False))

    await adapted.add_known()

    assert ids(adapted) == ["base", "curt", "long"]
    assert world.done == ["add formal", "remove formal", "add curt", "add long"]


async def test_an_adapter_is_added_while_others_answer(adapted):
    stream = adapted.generate(call("base"))
    await anext(stream)

    await adapted.add(FORMAL)

    assert (await collect(adapted.generate(call("formal")))).choices[0].text == "formal"
    await stream.aclose()


async def test_one_adapter_in_the_place_of_another_is_taken_away_once_it_is_idle(adapted, world):
    await adapted.add(FORMAL)
    await adapted.add(CURT)
    world.done.clear()

    await adapted.add(LONG, instead_of=FORMAL)

    assert (ids(adapted), world.done) == (["base", "curt", "long"], ["remove formal", "add long"])
    with pytest.raises(NotHostedError, match="'formal' is not resident in this engine"):
        await collect(adapted.generate(call("formal")))


async def test_an_adapter_without_room_is_refused_and_the_others_stay(adapted, world):
    await adapted.add(FORMAL)
    await adapted.add(CURT)

    with pytest.raises(SwapError, match=r"'long' has no room .*'curt'\]: max_loras is 2"):
        await adapted.add(LONG)

    assert ids(adapted) == ["base", "formal", "curt"]


@pytest.mark.parametrize("wrong", [VITE, SIBLING], ids=["of a sibling", "no adapter"])
async def test_only_an_adapter_on_the_weights_that_are_loaded_is_added(adapted, world, wrong):
    with pytest.raises(SwapError, match="no adapter on the weights that are loaded; 'base' is"):
        await adapted.add(wrong)

    assert (ids(adapted), world.done) == (["base"], [])


async def test_an_adapter_that_does_not_fit_costs_no_other_its_place(adapted, world):
    await adapted.add(FORMAL)
    await adapted.add(CURT)
    world.unfit.add("long")

    with pytest.raises(SwapError, match="long does not fit"):
        await adapted.add(LONG, instead_of=FORMAL)

    assert ids(adapted) == ["base", "formal", "curt"]


async def test_an_adapter_whose_canary_differs_is_taken_away_again(adapted, world):
    world.unproved.add(("formal", False))

    with pytest.raises(SwapError, match="canary of formal differs"):
        await adapted.add(FORMAL)

    assert (ids(adapted), world.done) == (["base"], ["add formal", "remove formal"])


async def test_an_addition_given_up_half_way_is_taken_away_again(adapted, world):
    world.gate.clear()
    addition = asyncio.create_task(adapted.add(FORMAL))
    await world.adding.wait()

    addition.cancel()
    await asyncio.gather(addition, return_exceptions=True)

    assert (ids(adapted), world.done) == (["base"], ["add formal", "remove formal"])


async def test_a_sibling_drops_the_adapters(adapted):
    await adapted.add(FORMAL)

    await adapted.become(SIBLING)

    assert ids(adapted) == ["sibling"]


async def test_a_call_of_another_version_than_the_resident_is_refused(adapted):
    right, wrong = (replace(call("base"), version=v) for v in (BASE.version, SIBLING.version))

    assert (await collect(adapted.generate(right))).choices[0].text == "base"
    with pytest.raises(NotHostedError):
        await collect(adapted.generate(wrong))


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
    while host.residents:  # noqa: ASYNC110 - a swap that drains has no event
        await asyncio.sleep(0)

    assert world.done == []
    world.embedding_gate.set()
    await asyncio.gather(embedding, swap)

    assert world.done == ["reload french"]
