import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.engines.assignment import Assignment
from orchestrator.engines.base import Call, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.fake import FakeEngine, FakeHost
from orchestrator.engines.hosting import Hosting
from orchestrator.engines.lineage import Lineage
from orchestrator.errors import EngineDeadError, ModelError, NotHostedError
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.limits import RETRY_S, LoopLimits
from orchestrator.residency.state import Footprint

MATHS, FRENCH, LAW = (Expert(id=id_) for id_ in ("maths", "french", "law"))


class AnySibling(FakeHost):
    """Becomes whatever it is told is of its lineage."""

    def can_become(self, expert: Expert) -> bool:
        return True


class Openings:
    """Opens fake hosts, as fast and as well as a test lets it."""

    def __init__(self) -> None:
        self.hosts: dict[str, FakeHost] = {}
        self.every: list[FakeHost] = []
        self.failures: dict[str, BaseException] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.at_gate = asyncio.Event()
        self.engine: Callable[[], FakeEngine | None] = lambda: None
        self.opened: list[str] = []

    async def open(self, lineage: Lineage) -> FakeHost:
        self.opened.append(lineage.id)
        if lineage.id in self.gates:
            self.at_gate.set()
            await self.gates[lineage.id].wait()
        if lineage.id in self.failures:
            raise self.failures[lineage.id]
        self.hosts[lineage.id] = AnySibling(lineage.experts, engine=self.engine())
        self.every.append(self.hosts[lineage.id])
        return self.hosts[lineage.id]


def assigned(*, room_gib: float = 4, at_once: int = 3, **experts: list[Expert]) -> Assignment:
    lineages = tuple(
        Lineage(id=id_, experts=tuple(members), root=Path()) for id_, members in experts.items()
    )
    keys = frozenset(one.key for lineage in lineages for one in lineage.experts)
    return Assignment(
        stamp=repr(sorted(keys)),
        lineages=lineages,
        keys=keys,
        footprints={lineage.id: {"serving": Footprint(device_gib=1)} for lineage in lineages},
        room_gib=room_gib,
        at_once=at_once,
        limits=LoopLimits(max_queue=64),
    )


def call(expert: Expert, **fields) -> Call:
    prompt = Text(text="hi")
    return Call(
        id="c", expert=expert.id, generation=1, version=expert.version, prompt=prompt, **fields
    )


async def said(hosting: Hosting, expert: Expert) -> str:
    return (await collect(hosting.slot.generate(call(expert)))).choices[0].text


def states(hosting: Hosting) -> dict[str, str]:
    return {engine.lineage: engine.state for engine in hosting.describe()}


@pytest.fixture
def openings() -> Openings:
    return Openings()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


class Fetching:
    """Fetches when a test lets it."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.failure: BaseException | None = None
        self.begun = asyncio.Event()

    async def bring(self, experts) -> None:
        self.begun.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def fetching() -> Fetching:
    return Fetching()


@pytest.fixture
async def hosting(openings, clock, fetching):
    made = Hosting("local", open_host=openings.open, clock=clock, bring=fetching.bring)
    yield made
    await made.close()


async def settled(hosting: Hosting, assignment: Assignment) -> None:
    hosting.assign(assignment)
    await hosting.settled()


async def test_what_is_assigned_is_started_and_answers(hosting):
    await settled(hosting, assigned(llama=[MATHS, FRENCH], qwen=[LAW]))

    assert states(hosting) == {"llama": "up", "qwen": "up"}
    assert await said(hosting, FRENCH) == "french: hi"
    assert await said(hosting, LAW) == "law: hi"


async def test_a_new_sibling_is_taken_at_once_and_no_engine_is_started(hosting, openings):
    await settled(hosting, assigned(llama=[MATHS]))

    hosting.assign(assigned(llama=[MATHS, FRENCH]))

    assert await said(hosting, FRENCH) == "french: hi"
    assert openings.opened == ["llama"]


REMOTE = Expert(id="remote", model="org/name", sha256={"model.safetensors": "a" * 64})


async def test_a_sibling_that_must_be_fetched_is_taken_once_it_is_here(hosting, fetching):
    await settled(hosting, assigned(llama=[MATHS]))

    hosting.assign(assigned(llama=[MATHS, FRENCH, REMOTE]))
    await fetching.begun.wait()
    assert states(hosting) == {"llama": "starting"}
    assert [await said(hosting, one) for one in (MATHS, FRENCH)] == ["maths: hi", "french: hi"]
    with pytest.raises(NotHostedError):
        await said(hosting, REMOTE)
    fetching.gate.set()
    await hosting.settled()

    assert states(hosting) == {"llama": "up"}
    assert await said(hosting, REMOTE) == "remote: hi"


async def test_a_sibling_that_cannot_be_fetched_says_why_and_the_others_serve(hosting, fetching):
    fetching.failure = ModelError("'org/name' has another hash")
    fetching.gate.set()
    await settled(hosting, assigned(llama=[MATHS]))

    await settled(hosting, assigned(llama=[MATHS, REMOTE]))

    assert [(one.state, one.detail) for one in hosting.describe()] == [
        ("failed", "'org/name' has another hash")
    ]
    assert await said(hosting, MATHS) == "maths: hi"
    hosting.assign(assigned(llama=[MATHS]))
    assert states(hosting) == {"llama": "up"}


async def test_a_sibling_that_is_gone_is_refused_and_the_others_serve(hosting):
    await settled(hosting, assigned(llama=[MATHS, FRENCH]))

    hosting.assign(assigned(llama=[MATHS]))

    with pytest.raises(NotHostedError):
        await said(hosting, FRENCH)
    assert await said(hosting, MATHS) == "maths: hi"


async def test_an_engine_that_is_gone_ends_its_calls_first(hosting, openings):
    gate = asyncio.Event()
    openings.engine = lambda: FakeEngine("answered", gate=gate)
    await settled(hosting, assigned(llama=[MATHS]))
    running = asyncio.create_task(said(hosting, MATHS))
    await openings.hosts["llama"].engine.arrived.wait()

    hosting.assign(assigned())
    assert states(hosting) == {"llama": "draining"}
    gate.set()
    assert await running == "answered"
    hosting.advance()
    await hosting.settled()

    assert states(hosting) == {}


async def test_a_start_that_fails_says_why_and_takes_nothing_down(hosting, openings):
    openings.failures["qwen"] = EngineDeadError("no such device")

    await settled(hosting, assigned(llama=[MATHS], qwen=[LAW]))

    assert states(hosting) == {"llama": "up", "qwen": "failed"}
    assert [e.detail for e in hosting.describe() if e.state == "failed"] == ["no such device"]
    assert await said(hosting, MATHS) == "maths: hi"


async def test_even_an_unforeseen_failure_is_a_reason_and_no_crash(hosting, openings):
    openings.failures["qwen"] = ZeroDivisionError("oops")

    await settled(hosting, assigned(llama=[MATHS], qwen=[LAW]))

    assert [e.detail for e in hosting.describe() if e.state == "failed"] == [
        "the start of engine 'qwen' ended in ZeroDivisionError: oops"
    ]


async def test_a_failed_engine_is_tried_again_after_a_while(hosting, openings, clock):
    openings.failures["qwen"] = EngineDeadError("no such device")
    await settled(hosting, assigned(qwen=[LAW]))
    openings.failures.clear()

    hosting.advance()
    assert states(hosting) == {"qwen": "failed"}
    clock.advance(RETRY_S)
    hosting.advance()
    await hosting.settled()

    assert states(hosting) == {"qwen": "up"}


async def test_a_failed_engine_that_is_changed_is_tried_at_once(hosting, openings):
    openings.failures["qwen"] = EngineDeadError("a tensor is missing")
    await settled(hosting, assigned(qwen=[LAW]))
    openings.failures.clear()

    await settled(hosting, assigned(qwen=[Expert(id="law", model="mended")]))

    assert states(hosting) == {"qwen": "up"}


async def test_what_failed_and_is_not_wanted_any_more_is_forgotten(hosting, openings):
    openings.failures["qwen"] = EngineDeadError("no such device")
    await settled(hosting, assigned(qwen=[LAW]))

    hosting.assign(assigned())

    assert states(hosting) == {}


async def test_an_engine_that_is_not_wanted_when_it_is_up_is_closed(hosting, openings):
    openings.gates["qwen"] = asyncio.Event()
    hosting.assign(assigned(qwen=[LAW]))
    hosting.assign(assigned())
    openings.gates["qwen"].set()

    await hosting.settled()

    assert states(hosting) == {}
    with pytest.raises(EngineDeadError):
        await openings.hosts["qwen"].check()


async def test_siblings_that_came_during_the_start_are_taken_with_it(hosting, openings):
    openings.gates["llama"] = asyncio.Event()
    hosting.assign(assigned(llama=[MATHS]))
    hosting.assign(assigned(llama=[MATHS, FRENCH]))
    openings.gates["llama"].set()

    await hosting.settled()

    assert await said(hosting, FRENCH) == "french: hi"


async def test_an_engine_without_room_waits_visibly_for_one_that_drains(hosting, openings):
    gate = asyncio.Event()
    openings.engine = lambda: FakeEngine(gate=gate)
    await settled(hosting, assigned(room_gib=1, llama=[MATHS]))
    running = asyncio.create_task(said(hosting, MATHS))
    await openings.hosts["llama"].engine.arrived.wait()

    hosting.assign(assigned(room_gib=1, qwen=[LAW]))
    waiting = next(e for e in hosting.describe() if e.lineage == "qwen")
    assert (waiting.state, waiting.detail) == ("waiting", "['llama'] have to end first")
    gate.set()
    await running
    hosting.advance()
    await hosting.settled()

    assert states(hosting) == {"qwen": "up"}


async def test_a_host_that_died_for_good_is_replaced_and_the_others_serve(hosting, openings, clock):
    await settled(hosting, assigned(llama=[MATHS], qwen=[LAW]))
    openings.failures["llama"] = EngineDeadError("out of memory")
    await openings.hosts["llama"].die()
    await hosting.check()
    await hosting.slot.settled()

    hosting.advance()
    await hosting.settled()
    assert states(hosting) == {"llama": "failed", "qwen": "up"}
    assert await said(hosting, LAW) == "law: hi"
    openings.failures.clear()
    clock.advance(RETRY_S)
    hosting.advance()
    await hosting.settled()

    assert await said(hosting, MATHS) == "maths: hi"


async def test_an_engine_that_is_started_again_is_not_up_meanwhile(hosting, openings):
    await settled(hosting, assigned(llama=[MATHS], qwen=[LAW]))
    gate = openings.gates["llama"] = asyncio.Event()
    await openings.hosts["llama"].die()
    await hosting.check()
    await openings.at_gate.wait()

    during = {engine.lineage: (engine.state, engine.detail) for engine in hosting.describe()}
    gate.set()
    await hosting.slot.settled()

    assert during["llama"] == ("starting", "starting llama again, which died")
    assert during["qwen"][0] == "up"
    assert states(hosting) == {"llama": "up", "qwen": "up"}


async def test_a_host_that_died_comes_back_with_an_expert_that_is_wanted_now(hosting, openings):
    await settled(hosting, assigned(llama=[MATHS, FRENCH]))
    hosting.assign(assigned(llama=[FRENCH]))

    await openings.hosts["llama"].die()
    await hosting.check()
    await hosting.slot.settled()

    assert await said(hosting, FRENCH) == "french: hi"
    assert openings.hosts["llama"].swaps == []


async def test_the_queue_of_a_slot_is_as_long_as_the_registry_says(hosting, openings):
    await settled(hosting, assigned(llama=[MATHS]))

    hosting.assign(replace(assigned(llama=[MATHS]), limits=LoopLimits(max_queue=1)))
    openings.hosts["llama"].engine = FakeEngine(gate=asyncio.Event())
    hosting.slot.bound(replace(hosting.slot.limits, capacity=1))
    tasks = [asyncio.create_task(said(hosting, MATHS)) for _ in range(3)]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    assert [type(task.exception()).__name__ for task in done] == ["OverloadedError"]
    assert len(pending) == 2
    for task in pending:
        task.cancel()


def rungs(hosting: Hosting) -> dict[str, str]:
    return {host.engine: host.rung for host in hosting.slot.describe().hosts}


async def test_second_engines_come_up_after_the_first_of_every_lineage_where_they_fit(hosting):
    plan = replace(assigned(room_gib=3, llama=[MATHS, FRENCH], qwen=[LAW]), num_engines=2)

    await settled(hosting, plan)

    assert rungs(hosting) == {
        "llama": "serving", "qwen": "serving", "llama#2": "serving", "qwen#2": "stopped"
    }  # fmt: skip
    assert states(hosting) == {"llama": "up", "qwen": "up"}
    assert len(hosting.slot.describe().experts) == 3


async def test_two_engines_of_a_lineage_hold_two_experts_at_once(hosting, openings):
    await settled(hosting, replace(assigned(llama=[MATHS, FRENCH]), num_engines=2))
    gate = asyncio.Event()
    for host in openings.every:
        host.engine = FakeEngine("{expert}", gate=gate)

    calls = [asyncio.create_task(said(hosting, one)) for one in (MATHS, FRENCH)]
    for host in openings.every:
        await host.engine.arrived.wait()
    gate.set()

    assert await asyncio.gather(*calls) == ["maths", "french"]


async def test_the_death_of_one_engine_leaves_its_twin_serving(hosting, openings):
    await settled(hosting, replace(assigned(llama=[MATHS, FRENCH]), num_engines=2))
    gate = openings.gates["llama"] = asyncio.Event()

    await openings.every[0].die()
    await hosting.check()
    await openings.at_gate.wait()
    assert await said(hosting, MATHS) == "maths: hi"
    assert states(hosting) == {"llama": "up"}
    gate.set()
    await hosting.settled()

    assert rungs(hosting) == {"llama": "serving", "llama#2": "serving"}


async def test_a_second_engine_that_is_not_wanted_any_more_ends_its_calls_and_goes(
    hosting, openings
):
    await settled(hosting, replace(assigned(llama=[MATHS, FRENCH]), num_engines=2))
    gate = asyncio.Event()
    for host in openings.every:
        host.engine = FakeEngine("{expert}", gate=gate)
    calls = [asyncio.create_task(said(hosting, one)) for one in (MATHS, FRENCH)]
    for host in openings.every:
        await host.engine.arrived.wait()

    hosting.assign(assigned(llama=[MATHS, FRENCH]))
    later = asyncio.create_task(said(hosting, FRENCH))
    gate.set()

    assert await asyncio.gather(*calls, later) == ["maths", "french", "french"]
    await hosting.settled()
    assert rungs(hosting) == {"llama": "serving"}


async def test_lineages_that_need_more_than_there_is_take_turns_and_all_are_open(hosting):
    await settled(hosting, assigned(room_gib=1, llama=[MATHS, FRENCH], qwen=[LAW]))

    assert states(hosting) == {"llama": "up", "qwen": "resting"}
    assert set(hosting.slot.describe().experts) == {MATHS.key, FRENCH.key, LAW.key}
    for expert in (LAW, FRENCH, LAW, MATHS):
        assert await said(hosting, expert) == f"{expert.id}: hi"


async def test_what_waits_for_an_engine_that_does_not_start_hears_why(hosting, openings):
    await settled(hosting, assigned(room_gib=1, llama=[MATHS], qwen=[LAW]))
    openings.failures["qwen"] = EngineDeadError("no such device")

    for _ in range(2):
        with pytest.raises(EngineDeadError, match="no such device") as refused:
            await said(hosting, LAW)
        assert refused.value.retry_after_s == RETRY_S
    assert states(hosting)["qwen"] == "failed"
    assert await said(hosting, MATHS) == "maths: hi"


async def test_a_model_that_could_not_be_fetched_is_tried_again(hosting, fetching, clock):
    fetching.failure = ModelError("the hub does not answer")
    fetching.gate.set()
    await settled(hosting, assigned(llama=[REMOTE]))
    assert states(hosting) == {"llama": "failed"}

    fetching.failure = None
    clock.advance(RETRY_S)
    hosting.advance()
    await hosting.settled()

    assert await said(hosting, REMOTE) == "remote: hi"


async def test_a_lineage_starts_with_what_is_here_while_the_rest_is_fetched(
    hosting, fetching, openings
):
    hosting.assign(assigned(llama=[REMOTE, MATHS]))
    await fetching.begun.wait()
    await hosting.slot.settled()

    assert await said(hosting, MATHS) == "maths: hi"
    assert states(hosting) == {"llama": "starting"}
    fetching.gate.set()
    await hosting.settled()

    assert await said(hosting, REMOTE) == "remote: hi"
    assert openings.opened == ["llama"]


async def test_no_more_starts_at_first_than_there_is_room_for(hosting, openings):
    await settled(hosting, assigned(room_gib=2, a=[MATHS], b=[FRENCH], c=[LAW]))

    assert openings.opened == ["a", "b"]


async def test_weights_exchanged_in_place_are_started_before_those_that_serve_leave(
    hosting, openings
):
    await settled(hosting, assigned(old=[MATHS]))

    await settled(hosting, assigned(old=[MATHS], new=[MATHS]))
    assert openings.opened == ["old", "new"]
    assert await said(hosting, MATHS) == "maths: hi"
    assert not openings.hosts["new"].engine.calls
    await settled(hosting, assigned(new=[MATHS]))

    assert await said(hosting, MATHS) == "maths: hi"
    assert openings.opened == ["old", "new"]
    assert rungs(hosting) == {"new": "serving"}


async def test_weights_exchanged_in_place_that_do_not_start_are_told_before(hosting, openings):
    await settled(hosting, assigned(old=[MATHS]))
    openings.failures["new"] = EngineDeadError("a tensor is missing")

    await settled(hosting, assigned(old=[MATHS], new=[MATHS]))

    assert states(hosting) == {"old": "up", "new": "failed"}
    assert await said(hosting, MATHS) == "maths: hi"
