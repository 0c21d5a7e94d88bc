import asyncio
import random
from collections.abc import Coroutine
from contextlib import aclosing

import pytest

from orchestrator.engines.base import Call, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.embedding import EmbedCall
from orchestrator.engines.fake import FakeEngine, FakeHost
from orchestrator.engines.scripts import Script
from orchestrator.engines.seat import Seat
from orchestrator.engines.slot import Slot
from orchestrator.errors import EngineDeadError, EngineTimeoutError, NotHostedError, SwapError
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import ManualClock

MATHS, FRENCH, GENERALIST = (Expert(id=id_) for id_ in ("maths", "french", "generalist"))


def call(expert: str = "maths", *, of: Expert | None = None, **fields) -> Call:
    version = (of or Expert(id=expert)).version
    prompt = Text(text="hi")
    return Call(id="c", expert=expert, generation=1, version=version, prompt=prompt, **fields)


def slot_on(host: FakeHost, experts=(MATHS, FRENCH), *, clock=None) -> Slot:
    slot = Slot("local-0", clock=clock or ManualClock())
    slot.seat("llama", host, experts)
    return slot


async def said(slot: Slot, asked: Call) -> str:
    answer = await collect(slot.generate(asked))
    return answer.choices[0].text


async def begun(work: Coroutine) -> asyncio.Task:
    """A task that has run up to its first wait."""
    has_begun = asyncio.Event()

    async def run():
        has_begun.set()
        return await work

    task = asyncio.create_task(run())
    await has_begun.wait()
    return task


class Shapeless(FakeHost):
    """Takes any definition of any expert for its lineage."""

    def __init__(self, lineage):
        super().__init__(lineage)
        self.became = []

    async def become(self, expert: Expert) -> None:
        await super().become(expert)
        self.became.append(expert)

    def can_become(self, expert: Expert) -> bool:
        return True


async def test_each_call_is_answered_by_its_own_expert():
    slot = slot_on(FakeHost([MATHS, FRENCH]))

    texts = await asyncio.gather(*(said(slot, call(e)) for e in ("maths", "french", "maths")))

    assert texts == ["maths: hi", "french: hi", "maths: hi"]


async def test_lineages_do_not_wait_for_each_other():
    gate = asyncio.Event()
    slow = FakeHost([MATHS], engine=FakeEngine("slow", gate=gate))
    slot = slot_on(slow, [MATHS])
    slot.seat("qwen", FakeHost([GENERALIST]), [GENERALIST])
    waiting = asyncio.create_task(said(slot, call("maths")))

    assert await said(slot, call("generalist")) == "generalist: hi"

    gate.set()
    await waiting


async def test_an_expert_or_version_it_does_not_host_is_refused_by_name():
    slot = slot_on(FakeHost([MATHS, FRENCH]))

    with pytest.raises(NotHostedError, match="does not host expert 'law' in version"):
        await said(slot, call("law"))
    with pytest.raises(NotHostedError, match=r"have that id: \['maths@[0-9a-f]{12}'\]"):
        await said(slot, call("maths", of=Expert(id="maths", model="elsewhere")))


async def test_an_expert_changed_under_its_id_is_swapped_in_like_another():
    changed = Expert(id="maths", model="elsewhere")
    host = Shapeless([MATHS, FRENCH])
    slot = slot_on(host, [MATHS, changed, FRENCH])

    await said(slot, call("maths"))
    await said(slot, call("maths", of=changed))
    await said(slot, call("maths", of=changed))

    assert host.became == [changed]


async def test_an_edit_that_changes_no_words_is_no_swap():
    dearer = Expert(id="maths", tags=("dear",))
    host = Shapeless([MATHS, FRENCH])
    slot = slot_on(host)
    await said(slot, call("maths"))

    slot.assign("llama", [dearer, FRENCH])
    await said(slot, call("maths"))

    assert host.became == []


async def test_what_is_no_longer_assigned_is_refused_and_its_calls_under_way_end():
    gate = asyncio.Event()
    slot = slot_on(FakeHost([MATHS, FRENCH], engine=FakeEngine("{expert}", gate=gate)))
    calls = [await begun(said(slot, call(expert))) for expert in ("maths", "french")]

    slot.assign("llama", [MATHS])
    with pytest.raises(NotHostedError):
        await said(slot, call("french"))
    gate.set()

    assert await asyncio.gather(*calls) == ["maths", "french"]


async def test_an_engine_that_is_not_held_any_more_ends_its_calls_and_is_closed():
    gate = asyncio.Event()
    host = FakeHost([MATHS, FRENCH], engine=FakeEngine("answered", gate=gate))
    slot = slot_on(host)
    running = await begun(said(slot, call()))
    await host.engine.arrived.wait()
    waiting = await begun(said(slot, call("french")))

    slot.assign("llama", [])
    slot.hold([])
    with pytest.raises(NotHostedError):
        await said(slot, call())
    gate.set()

    assert await asyncio.gather(running, waiting) == ["answered", "answered"]
    await slot.settled()
    with pytest.raises(EngineDeadError, match="closed"):
        await host.check()
    assert slot.describe().hosts == ()


async def test_an_engine_that_leaves_leaves_the_others_serving():
    leaving = FakeHost([MATHS, FRENCH])
    slot = slot_on(leaving)
    slot.seat("qwen", FakeHost([GENERALIST]), [GENERALIST])

    slot.hold(["qwen"])
    await slot.settled()

    with pytest.raises(EngineDeadError, match="closed"):
        await leaving.check()
    with pytest.raises(NotHostedError):
        await said(slot, call("maths"))
    assert await said(slot, call("generalist")) == "generalist: hi"


async def test_a_reader_that_hangs_up_ends_the_generation_and_frees_its_turn():
    host = FakeHost([MATHS, FRENCH], engine=FakeEngine("one two three"))
    slot = slot_on(host)

    async with aclosing(slot.generate(call())) as chunks:
        await anext(chunks)
        assert slot.describe().num_in_flight == 1

    assert host.engine.cancelled[0] == "c"
    assert slot.describe().num_in_flight == 0


async def test_the_time_spent_waiting_is_taken_off_what_the_engine_gets():
    gate, clock = asyncio.Event(), ManualClock()
    host = FakeHost([MATHS, FRENCH], engine=FakeEngine("x", gate=gate))
    slot = slot_on(host, clock=clock)
    first = asyncio.create_task(said(slot, call("maths")))
    await host.engine.arrived.wait()
    second = await begun(said(slot, call("french", timeout_s=60)))

    clock.advance(20)
    gate.set()
    await asyncio.gather(first, second)

    assert [one.timeout_s for one in host.engine.calls] == [None, 60 - 20]


async def test_a_call_whose_time_is_up_in_the_queue_never_reaches_the_engine():
    host = FakeHost([MATHS, FRENCH])
    slot = slot_on(host)

    with pytest.raises(
        EngineTimeoutError, match=r"'maths@.*', its whole time, and was at position 1"
    ):
        await said(slot, call("maths", timeout_s=0.0))

    assert not host.engine.calls


async def test_a_report_says_what_is_hosted_resident_and_running():
    gate = asyncio.Event()
    host = FakeHost([MATHS, FRENCH], engine=FakeEngine(gate=gate))
    slot = slot_on(host)
    running = asyncio.create_task(said(slot, call("french")))
    await host.engine.arrived.wait()

    report = slot.describe()

    assert (report.name, report.experts, report.residents) == (
        "local-0", (FRENCH.key, MATHS.key), (FRENCH.key,)
    )  # fmt: skip
    assert (report.num_in_flight, report.num_waiting, report.healthy) == (1, 0, True)
    assert report.hosts[0].last_swap_s == 0.0
    gate.set()
    await running


class Startable:
    """A slot with one engine of maths and french that a test has started as often as needed."""

    def __init__(self, *, fails=None, **fields) -> None:
        self.hosts = []
        self.fails = fails
        self.slot = Slot("local-0", clock=ManualClock())
        self.slot.add("llama", Seat("llama", opening=self._open))
        self.slot.assign("llama", [MATHS, FRENCH])
        self._fields = fields

    async def started(self):
        self.slot.hold(["llama"])
        await self.slot.settled()
        return self

    async def _open(self, first):
        if self.hosts and self.fails is not None:
            raise self.fails
        others = [one for one in (MATHS, FRENCH) if one is not first]
        self.hosts.append(FakeHost([first, *others], engine=FakeEngine(**self._fields)))
        return self.hosts[-1]


async def test_a_dead_engine_is_started_again_and_the_slot_answers():
    made = await Startable(says="{expert}: {prompt}").started()
    await made.hosts[0].die()

    await made.slot.check()
    assert not made.slot.describe().healthy
    await made.slot.settled()

    assert made.slot.describe().healthy
    assert await said(made.slot, call("french")) == "french: hi"
    assert len(made.hosts) == 2


async def test_calls_whose_engine_dies_before_it_said_anything_are_answered_by_the_next():
    gate = asyncio.Event()
    made = await Startable(says="{expert}: {prompt}", gate=gate).started()
    calls = [await begun(said(made.slot, call())) for _ in range(3)]
    waiting = await begun(said(made.slot, call("french")))
    await made.hosts[0].engine.arrived.wait()

    await made.hosts[0].die()
    gate.set()

    assert await asyncio.gather(*calls, waiting) == ["maths: hi"] * 3 + ["french: hi"]
    assert len(made.hosts) == 2


async def test_a_call_that_loses_two_engines_is_told_so():
    made = await Startable(gate=asyncio.Event()).started()
    running = await begun(said(made.slot, call()))

    for number in range(2):
        await made.hosts[number].engine.arrived.wait()
        await made.hosts[number].die("killed")
        await made.slot.check()
        await made.slot.settled()

    with pytest.raises(EngineDeadError):
        await running
    assert len(made.hosts) == 3


async def test_a_call_that_has_yielded_is_not_tried_again():
    made = await Startable(says="one two", script=None).started()
    gate = asyncio.Event()
    made.hosts[0].engine = FakeEngine(script=lambda _: Script(says="one two", gate=gate, gate_at=1))

    with pytest.raises(EngineDeadError):  # noqa: PT012 - the death comes between two chunks
        async with aclosing(made.slot.generate(call(stream=True))) as chunks:
            await anext(chunks)
            await made.hosts[0].die()
            await anext(chunks)

    await made.slot.settled()
    assert not made.hosts[1].engine.calls


async def test_calls_for_vectors_are_tried_again_too():
    gate = asyncio.Event()
    made = await Startable(gate=gate).started()
    asked = await begun(made.slot.embed(embed_call()))
    await made.hosts[0].engine.arrived.wait()

    await made.hosts[0].die()
    gate.set()

    assert (await asked).num_tokens == 1


async def test_an_engine_that_stays_dead_says_why_and_the_others_serve():
    host = FakeHost([MATHS, FRENCH])
    slot = slot_on(host)
    slot.seat("qwen", FakeHost([GENERALIST]), [GENERALIST])
    await host.die("killed")

    for _ in range(2):
        with pytest.raises(EngineDeadError, match="killed"):
            await said(slot, call())
    await slot.settled()

    assert [(one.engine, one.experts) for one in slot.describe().hosts] == [
        ("llama", ()), ("qwen", (GENERALIST.key,))
    ]  # fmt: skip
    assert await said(slot, call("generalist")) == "generalist: hi"


async def test_closing_ends_calls_in_flight_and_waiting():
    host = FakeHost([MATHS, FRENCH], engine=FakeEngine(gate=asyncio.Event()))
    slot = slot_on(host)
    calls = [asyncio.create_task(said(slot, call(expert))) for expert in ("maths", "french")]
    await host.engine.arrived.wait()

    await slot.close()
    results = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(result) for result in results] == [EngineDeadError, EngineDeadError]


async def test_a_thousand_random_calls_and_hang_ups_are_answered_by_their_own_expert():
    draw, host = random.Random(3), FakeHost([MATHS, FRENCH, GENERALIST])
    slot = slot_on(host, [MATHS, FRENCH, GENERALIST])
    experts = [draw.choice(["maths", "french", "generalist"]) for _ in range(1000)]
    calls = [asyncio.create_task(said(slot, call(expert))) for expert in experts]
    for victim, at in zip(draw.sample(calls, 300), draw.sample(calls, 300), strict=True):
        at.add_done_callback(lambda _, victim=victim: victim.cancel())

    await asyncio.wait(calls)

    kept = [(e, task) for e, task in zip(experts, calls, strict=True) if not task.cancelled()]
    assert all(task.result() == f"{expert}: hi" for expert, task in kept)
    assert (slot.describe().num_in_flight, slot.describe().num_waiting) == (0, 0)


ADAPTED = tuple(
    Expert(id=id_, model="m", base="general", adapter=id_) for id_ in ("formal", "curt", "long")
)
GENERAL, OTHER = Expert(id="general", model="m"), Expert(id="other", model="o")


async def test_an_adapter_answers_beside_its_base_without_a_drain():
    gate = asyncio.Event()
    everyone = [GENERAL, *ADAPTED, OTHER]
    host = FakeHost(everyone, engine=FakeEngine("{expert}", gate=gate), max_adapters=2)
    slot = slot_on(host, everyone)

    base = await begun(said(slot, call(of=GENERAL, expert="general")))
    others = [await begun(said(slot, call(of=one, expert=one.id))) for one in ADAPTED[:2]]
    await slot.settled()
    await slot.settled()
    gate.set()

    assert await asyncio.gather(base, *others) == ["general", "formal", "curt"]
    assert host.swaps == ["formal", "curt"]
    assert slot.describe().residents == tuple(one.key for one in (GENERAL, *ADAPTED[:2]))


async def test_the_adapter_used_least_recently_makes_room():
    everyone = [GENERAL, *ADAPTED]
    host = FakeHost(everyone, max_adapters=2)
    slot = slot_on(host, everyone)

    for one in (ADAPTED[0], ADAPTED[1], ADAPTED[0], ADAPTED[2]):
        await said(slot, call(of=one, expert=one.id))

    assert host.swaps == ["formal", "curt", "long"]
    assert host.resident_ids == ("general", "formal", "long")


async def test_adapters_come_back_with_their_base_ahead_of_their_use():
    everyone = [GENERAL, *ADAPTED, OTHER]
    host = FakeHost(everyone, max_adapters=2)
    slot = slot_on(host, everyone)

    await said(slot, call(of=OTHER, expert="other"))
    await said(slot, call(of=ADAPTED[1], expert="curt"))
    await said(slot, call(of=ADAPTED[0], expert="formal"))

    assert host.swaps == ["other", "general", "curt", "formal"]


async def test_an_adapter_that_cannot_be_added_leaves_its_base_serving():
    everyone = [GENERAL, *ADAPTED, OTHER]
    broken = {"curt": SwapError("of another base")}
    host = FakeHost(everyone, max_adapters=2, broken=broken)
    slot = slot_on(host, everyone)
    await said(slot, call(of=OTHER, expert="other"))

    with pytest.raises(SwapError, match="of another base"):
        await said(slot, call(of=ADAPTED[1], expert="curt"))

    assert await said(slot, call(of=GENERAL, expert="general")) == "general: hi"
    assert await said(slot, call(of=ADAPTED[2], expert="long")) == "long: hi"
    assert host.swaps == ["other", "general", "long"]


@pytest.mark.parametrize("seed", range(5))
async def test_under_load_more_adapters_than_there_is_room_for_all_answer(seed):
    rng = random.Random(seed)
    everyone = [GENERAL, *ADAPTED, OTHER]
    host = FakeHost(everyone, engine=FakeEngine("{expert}", token_delay_s=0.0001), max_adapters=1)
    slot = slot_on(host, everyone, clock=asyncio.get_running_loop())
    asked = rng.choices(everyone, k=60)

    texts = await asyncio.gather(*(said(slot, call(of=one, expert=one.id)) for one in asked))

    assert texts == [one.id for one in asked]


def embed_call(expert: str = "maths", **fields) -> EmbedCall:
    version, inputs = Expert(id=expert).version, (Text(text="hi"),)
    return EmbedCall(id="e", expert=expert, generation=1, version=version, inputs=inputs, **fields)


async def test_calls_for_vectors_take_turns_and_swap_like_others():
    host = FakeHost([MATHS, FRENCH])
    slot = slot_on(host)

    found = await asyncio.gather(*(slot.embed(embed_call(e)) for e in ("maths", "french")))

    assert [vectors.num_tokens for vectors in found] == [1, 1]
    assert host.swaps == ["french"]
    assert [asked.expert for asked in host.engine.calls] == ["maths", "french"]


async def test_vectors_of_an_expert_that_is_not_hosted_are_refused():
    with pytest.raises(NotHostedError, match="'law'"):
        await slot_on(FakeHost([MATHS])).embed(embed_call("law"))


async def test_waiting_counts_against_the_time_of_a_call_for_vectors():
    clock, gate = ManualClock(), asyncio.Event()
    host = FakeHost([MATHS, FRENCH], swap_gate=gate)
    slot = slot_on(host, clock=clock)
    waiting = await begun(slot.embed(embed_call("french", timeout_s=9)))
    await host.swap_begun.wait()

    clock.advance(4)
    gate.set()
    await waiting

    assert [asked.timeout_s for asked in host.engine.calls] == [5]
