import asyncio

import pytest

from orchestrator.engines.base import Call, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.sibling_host import SiblingHost
from orchestrator.errors import EngineDeadError, NotHostedError, OutOfMemoryError, SwapError
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert
from orchestrator.residency.state import Footprint
from tests.unit.engines.running import World

ENGINE = VllmEngine(max_loras=2)
MATHS, FRENCH = (Expert(id=name, model=name, engine=ENGINE) for name in ("maths", "french"))
FORMAL, CURT = (
    Expert(id=name, model="maths", base="maths", adapter=name, engine=ENGINE)
    for name in ("formal", "curt")
)
NO_ROOM = OutOfMemoryError("the device has no room")
TORN = SwapError("it did not wake up")


@pytest.fixture
def world():
    return World()


@pytest.fixture
async def host(world, tmp_path):
    lineage = Lineage(id="llama", experts=(MATHS, FRENCH, FORMAL, CURT), root=tmp_path)
    host = SiblingHost(lineage, world.begin)
    await host.start(MATHS)
    await host.add(FORMAL)
    world.done.clear()
    return host


def call(expert):
    return Call(id="c", expert=expert, generation=1, prompt=Text(text="hi"))


async def said(host, expert):
    return (await collect(host.generate(call(expert)))).choices[0].text


def stands(host):
    return host.rung, [expert.id for expert in host.residents]


async def test_an_engine_without_sleep_refuses_to(world, host):
    world.rungs = ("serving", "stopped")
    await host.close()
    await host.start(MATHS)

    with pytest.raises(SwapError, match=r"'llama' is serving and cannot be asleep: .*'stopped'"):
        await host.sleep("asleep")

    assert stands(host) == ("serving", ["maths"])


@pytest.mark.parametrize("rung", ["serving", "stopped"])
async def test_only_rungs_of_sleep_are_slept_on(host, rung):
    with pytest.raises(SwapError, match=f"cannot be {rung}"):
        await host.sleep(rung)


async def test_one_that_sleeps_falls_no_deeper_and_says_so(host):
    await host.sleep("asleep")

    with pytest.raises(SwapError, match="is asleep and cannot be weightless"):
        await host.sleep("weightless")

    assert host.rung == "asleep"


async def test_a_sleeper_refuses_calls_which_vllm_would_keep_waiting(host):
    await host.sleep("asleep")

    with pytest.raises(NotHostedError, match="expert 'maths': its engine is asleep"):
        await said(host, "maths")
    await host.check()


@pytest.mark.parametrize("step", ["become", "add"])
async def test_a_sleeper_is_woken_and_not_swapped(host, step):
    await host.sleep("weightless")

    with pytest.raises(SwapError, match=r"'curt': its engine is weightless; wake it"):
        await getattr(host, step)(CURT)


async def test_what_serves_is_swapped_and_not_woken(host):
    with pytest.raises(SwapError, match="'french' is swapped in"):
        await host.wake(FRENCH)


async def test_sleep_waits_for_calls_in_flight(host, world):
    stream = host.generate(call("maths"))
    await anext(stream)
    falling = asyncio.create_task(host.sleep("asleep"))
    while host.residents:  # noqa: ASYNC110 - a drain has no event
        await asyncio.sleep(0)

    assert world.done == []
    await stream.aclose()
    await falling
    assert world.done == ["sleep asleep"]


async def test_adapters_outlive_a_sleep_in_host_memory(host, world):
    await host.sleep("asleep")

    assert stands(host) == ("asleep", ["maths", "formal"])
    await host.wake(MATHS)
    assert stands(host) == ("serving", ["maths", "formal"])
    assert await said(host, "formal") == "formal"
    assert world.done == ["sleep asleep", "wake maths"]


async def test_an_adapter_that_does_not_speak_as_before_is_taken_away(host, world):
    world.unproved.add(("formal", False))
    await host.sleep("asleep")

    await host.wake(MATHS)

    assert stands(host) == ("serving", ["maths"])
    assert world.done == ["sleep asleep", "wake maths", "remove formal"]


@pytest.mark.parametrize(("rung", "expert"), [("asleep", FRENCH), ("weightless", MATHS)])
async def test_a_load_on_the_way_up_drops_adapters(host, rung, expert):
    await host.sleep(rung)

    await host.wake(expert)

    assert stands(host) == ("serving", [expert.id])


async def test_without_room_it_sleeps_on_and_wakes_up_later(host, world):
    world.fails["wake maths"] = NO_ROOM
    await host.sleep("asleep")

    with pytest.raises(OutOfMemoryError, match="no room"):
        await host.wake(MATHS)
    assert stands(host) == ("asleep", ["maths", "formal"])
    world.fails.clear()
    await host.wake(MATHS)

    assert await said(host, "maths") == "maths"
    assert "start maths" not in world.done


@pytest.mark.parametrize("fault", ["wake", "canary"])
async def test_a_wake_that_fails_restarts_the_engine_with_what_was_wanted(host, world, fault):
    if fault == "wake":
        world.fails["wake french"] = TORN
    else:
        world.unproved.add(("french", False))
    await host.sleep("weightless")

    await host.wake(FRENCH)

    assert stands(host) == ("serving", ["french"])
    assert world.done[-2:] == ["wake french", "start french"]


async def test_weights_that_are_wrong_even_fresh_bring_the_previous_expert_back(host, world):
    world.unproved |= {("french", False), ("french", True)}
    await host.sleep("asleep")

    with pytest.raises(SwapError, match="serves 'maths' again: canary of french differs"):
        await host.wake(FRENCH)

    assert stands(host) == ("serving", ["maths"])


async def test_an_engine_that_cannot_even_be_started_anew_is_dead_and_not_short_of_memory(
    host, world
):
    world.fails |= {"wake maths": TORN, "start maths": NO_ROOM}
    await host.sleep("asleep")

    with pytest.raises(EngineDeadError, match=r"does not start with 'maths' either: .*no room"):
        await host.wake(MATHS)
    with pytest.raises(EngineDeadError, match="is closed"):
        await host.check()


async def test_what_does_not_fit_is_refused_and_it_sleeps_on(host, world):
    world.unfit.add("french")
    await host.sleep("asleep")

    with pytest.raises(SwapError, match="french does not fit"):
        await host.wake(FRENCH)

    assert stands(host) == ("asleep", ["maths", "formal"])
    assert world.done == ["sleep asleep"]


async def test_an_engine_that_falls_asleep_badly_is_started_anew_and_serves(host, world):
    world.fails["sleep asleep"] = SwapError("it did not become asleep")

    with pytest.raises(SwapError, match="did not become asleep"):
        await host.sleep("asleep")

    assert stands(host) == ("serving", ["maths"])
    assert world.done == ["sleep asleep", "start maths"]


@pytest.mark.parametrize("step", ["sleep", "wake"])
async def test_after_an_interrupted_step_only_a_restart_is_trusted(host, world, step):
    if step == "wake":
        await host.sleep("asleep")
    world.stepping.clear()
    world.gate.clear()
    stepping = asyncio.create_task(host.sleep("asleep") if step == "sleep" else host.wake(MATHS))
    await world.stepping.wait()
    stepping.cancel()
    await asyncio.gather(stepping, return_exceptions=True)
    world.gate.set()

    assert stands(host) == ("serving", [])
    await host.become(FRENCH)

    assert (stands(host), world.done[-1]) == (("serving", ["french"]), "start french")


async def test_memory_is_measured_on_every_rung_it_stands_on(host, world):
    full, residue = Footprint(device_gib=20.0), Footprint(device_gib=1.5, host_gib=16.0)
    world.measured |= {"serving": full, "asleep": residue}
    await host.sleep("asleep")

    assert host.footprints == {"asleep": residue}
    await host.wake(MATHS)
    assert host.footprints == {"asleep": residue, "serving": full}


async def test_a_sleeper_that_is_closed_is_gone(host):
    await host.sleep("asleep")

    await host.close()

    with pytest.raises(EngineDeadError):
        await host.wake(MATHS)
