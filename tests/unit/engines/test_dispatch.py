import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from orchestrator.engines.base import Call, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.dispatch import Dispatch
from orchestrator.engines.embedding import EmbedCall
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.fake_vectors import fake_vector
from orchestrator.engines.scripts import Script
from orchestrator.errors import (
    ContextTooLongError,
    EngineDeadError,
    EngineTimeoutError,
    ExpertUnavailableError,
    NotHostedError,
    OverloadedError,
    StoreError,
    SwapError,
    UnsupportedParameterError,
)
from orchestrator.registry.models import key_of
from orchestrator.residency.choice import SlotOutlook
from orchestrator.residency.placement import DispatchTable


def table(version: str = "v1", **slots_by_expert: tuple[str, ...]) -> DispatchTable:
    hosted = {key_of(expert, version): slots for expert, slots in slots_by_expert.items()}
    return DispatchTable(slots_by_expert=hosted)


def call(expert: str = "maths", *, version: str = "v1", **fields) -> Call:
    prompt = Text(text="hi")
    return Call(id="c", expert=expert, generation=1, version=version, prompt=prompt, **fields)


class Conductor:
    """Answers `refresh` with the table it holds, or with an error."""

    def __init__(self, answer: DispatchTable | StoreError) -> None:
        self.answer, self.num_asked = answer, 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> DispatchTable:
        self.num_asked += 1
        await self.gate.wait()
        if isinstance(self.answer, StoreError):
            raise self.answer
        return self.answer


def dispatching(held: DispatchTable, *, refreshed=None, remotes=None, **slots) -> Dispatch:
    return Dispatch(
        held,
        slots=slots,
        remotes={key_of(expert, "v1"): engine for expert, engine in (remotes or {}).items()},
        refresh=refreshed or Conductor(held),
        clock=lambda: 100.0,
    )


async def said(dispatch: Dispatch, asked: Call) -> str:
    return (await collect(dispatch.generate(asked))).choices[0].text


BOTH = table(maths=("a", "b"))
DEAD = EngineDeadError("its process is gone")


async def test_a_call_goes_to_the_slot_that_hosts_its_expert():
    dispatch = dispatching(
        table(maths=("a",), french=("b",)), a=FakeEngine("from a"), b=FakeEngine("from b")
    )

    assert await said(dispatch, call("french")) == "from b"


async def test_an_upstream_is_called_without_a_slot():
    dispatch = dispatching(table(), remotes={"hosted": FakeEngine("from afar")})

    assert await said(dispatch, call("hosted")) == "from afar"


async def test_calls_at_once_spread_over_the_slots_that_have_the_expert_and_calls_in_turn_stay():
    gate = asyncio.Event()
    engines = {name: FakeEngine(gate=gate) for name in "ab"}
    there = SlotOutlook(residents=(call().key,))
    held = BOTH.model_copy(update={"outlook_by_slot": {"a": there, "b": there}})
    dispatch = dispatching(held, **engines)
    calls = [asyncio.create_task(said(dispatch, call())) for _ in range(2)]
    await asyncio.gather(*(engine.arrived.wait() for engine in engines.values()))

    gate.set()
    await asyncio.gather(*calls)
    for _ in range(3):
        await said(dispatch, call())

    assert sorted(len(engine.calls) for engine in engines.values()) == [1, 1 + 3]


async def test_calls_at_once_stay_together_while_a_swap_elsewhere_would_take_longer():
    # A second place costs two swaps of 1 s; a call beside another waits 1/32 s.
    gate = asyncio.Event()
    engines = {name: FakeEngine(gate=gate) for name in "ab"}
    dispatch = dispatching(BOTH, **engines)

    calls = [asyncio.create_task(said(dispatch, call())) for _ in range(66)]
    await engines["b"].arrived.wait()
    gate.set()
    await asyncio.gather(*calls)

    assert [len(engines[name].calls) for name in "ab"] == [64, 2]


async def test_an_expert_goes_home_and_another_slot_is_asked_where_home_is_later():
    gate = asyncio.Event()
    home, other = FakeEngine("home", gate=gate), FakeEngine("elsewhere", gate=gate)
    law = {call(f"law{i}").key: ("a",) for i in range(5)}
    held = DispatchTable(
        slots_by_expert={call().key: ("b", "a"), **law}, homes_by_expert={call().key: ("a",)}
    )
    dispatch = dispatching(held, a=home, b=other)

    first = asyncio.create_task(said(dispatch, call()))
    await home.arrived.wait()
    crowd = [asyncio.create_task(said(dispatch, call(f"law{i}"))) for i in range(5)]
    for _ in range(5):
        await asyncio.sleep(0)  # all of them are sent
    second = asyncio.create_task(said(dispatch, call()))
    await other.arrived.wait()
    gate.set()

    assert (await first, await second) == ("home", "elsewhere")
    await asyncio.gather(*crowd)


async def test_homes_stay_while_a_new_conductor_knows_none_and_go_when_it_says_so():
    dispatch = dispatching(BOTH, a=FakeEngine("from a"), b=FakeEngine("from b"))
    dispatch.adopt(BOTH.model_copy(update={"homes_by_expert": {call().key: ("b",)}}))

    dispatch.adopt(BOTH)
    assert await said(dispatch, call()) == "from b"

    dispatch.adopt(BOTH.model_copy(update={"homes_by_expert": {}}))
    assert dispatch.table.homes(call().key) == ()


async def test_the_load_is_told_by_expert_of_slots_alone_and_which_follows_which():
    dispatch = dispatching(
        table(maths=("a",), law=("a",)), remotes={"far": FakeEngine()}, a=FakeEngine()
    )

    for expert in ("maths", "law", "far"):
        await said(dispatch, call(expert))

    assert set(dispatch.load.calls_per_s) == {call("maths").key, call("law").key}
    assert set(dispatch.load.followed_per_s) == {(call("maths").key, call("law").key)}


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize(
    "error", [DEAD, OverloadedError("full"), SwapError("canary")], ids=["dead", "full", "swap"]
)
async def test_a_slot_that_fails_before_its_first_chunk_is_replaced(error, stream):
    dispatch = dispatching(BOTH, a=FakeEngine(fails=error), b=FakeEngine("from b"))

    assert await said(dispatch, call(stream=stream)) == "from b"


async def test_nothing_is_tried_again_after_the_first_chunk():
    script = Script(says="one two", fails=DEAD, fails_at=1)
    other = FakeEngine("from b")
    dispatch = dispatching(BOTH, a=FakeEngine(script=lambda _: script), b=other)

    with pytest.raises(EngineDeadError):
        await said(dispatch, call())

    assert not other.calls


async def test_an_error_of_the_caller_is_not_tried_elsewhere():
    other = FakeEngine("from b")
    dispatch = dispatching(BOTH, a=FakeEngine(fails=ContextTooLongError("too long")), b=other)

    with pytest.raises(ContextTooLongError):
        await said(dispatch, call())

    assert not other.calls


async def test_a_dead_slot_is_the_last_choice_for_a_while():
    dead = FakeEngine(fails=DEAD)
    dispatch = dispatching(BOTH, a=dead, b=FakeEngine("from b"))

    for _ in range(3):
        await said(dispatch, call())

    assert len(dead.calls) == 1


async def test_every_engine_down_says_when_to_come_back_and_why():
    dispatch = dispatching(BOTH, a=FakeEngine(fails=DEAD), b=FakeEngine(fails=DEAD))

    with pytest.raises(ExpertUnavailableError, match=r"'maths'.*'a': its.*'b': its") as refused:
        await said(dispatch, call())

    assert refused.value.retry_after_s == 5


async def test_a_full_slot_that_is_the_only_one_says_so_itself():
    full = OverloadedError("1024 calls wait", retry_after_s=9)
    dispatch = dispatching(table(maths=("a",)), a=FakeEngine(fails=full))

    with pytest.raises(OverloadedError) as refused:
        await said(dispatch, call())

    assert refused.value.retry_after_s == 9


async def test_a_refusal_is_answered_by_a_new_table():
    conductor = Conductor(table(maths=("b",)))
    moved = FakeEngine(fails=NotHostedError("not here"))
    dispatch = dispatching(
        table(maths=("a",)), refreshed=conductor, a=moved, b=FakeEngine("from b")
    )

    assert await said(dispatch, call()) == "from b"
    assert conductor.num_asked == 1


async def test_a_second_refusal_is_final():
    conductor = Conductor(table(maths=("a",)))
    refusing = FakeEngine(fails=NotHostedError("not here"))
    dispatch = dispatching(table(maths=("a",)), refreshed=conductor, a=refusing)

    with pytest.raises(ExpertUnavailableError, match="not here"):
        await said(dispatch, call())

    assert (conductor.num_asked, len(refusing.calls)) == (1, 2)


async def test_many_refusals_ask_one_question():
    conductor = Conductor(table(maths=("b",)))
    conductor.gate.clear()
    moved = FakeEngine(fails=NotHostedError("not here"))
    dispatch = dispatching(
        table(maths=("a",)), refreshed=conductor, a=moved, b=FakeEngine("from b")
    )
    calls = [asyncio.create_task(said(dispatch, call())) for _ in range(20)]
    await moved.arrived.wait()

    calls[0].cancel()
    conductor.gate.set()
    texts = await asyncio.gather(*calls[1:])

    assert set(texts) == {"from b"}
    assert conductor.num_asked == 1


async def test_an_expert_missing_from_the_table_is_asked_for_before_it_is_refused():
    dispatch = dispatching(
        table(), refreshed=Conductor(table(maths=("a",))), a=FakeEngine("from a")
    )

    assert await said(dispatch, call()) == "from a"
    with pytest.raises(ExpertUnavailableError, match=r"'law'.*no slot hosts it yet"):
        await said(dispatch, call("law"))


async def test_a_table_that_cannot_be_read_is_a_clear_refusal():
    dispatch = dispatching(table(), refreshed=Conductor(StoreError("no route to the store")))

    with pytest.raises(ExpertUnavailableError, match="a new table cannot be read: no route"):
        await said(dispatch, call())


async def test_two_versions_of_an_expert_are_two_experts():
    old, new = table("v1", maths=("a",)), table("v2", maths=("b",))
    both = DispatchTable(slots_by_expert=old.slots_by_expert | new.slots_by_expert)
    dispatch = dispatching(both, a=FakeEngine("from a"), b=FakeEngine("from b"))

    assert await said(dispatch, call(version="v1")) == "from a"
    assert await said(dispatch, call(version="v2")) == "from b"


async def test_a_call_of_an_old_generation_goes_by_the_newest_table():
    dispatch = dispatching(table(maths=("a",)), a=FakeEngine("from a"), b=FakeEngine("from b"))
    dispatch.adopt(table(maths=("b",)))

    assert await said(dispatch, call()) == "from b"


async def test_a_slot_that_hangs_is_given_up_when_the_time_is_over():
    silent = FakeEngine(script=lambda _: Script(gate=asyncio.Event()))
    dispatch = Dispatch(
        table(maths=("a",)),
        slots={"a": Deaf(silent)},
        remotes={},
        refresh=Conductor(table()),
    )

    with pytest.raises(EngineTimeoutError, match="'maths' gave no further token within"):
        await said(dispatch, call(timeout_s=0.01))


class Deaf:
    """An engine that never hears of a call's time."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine

    def generate(self, call: Call):
        return self._engine.generate(replace(call, timeout_s=None))

    async def close(self) -> None:
        await self._engine.close()


async def test_a_reader_that_hangs_up_is_heard_by_the_engine():
    engine = FakeEngine("one two three")
    dispatch = dispatching(table(maths=("a",)), a=engine)

    async with aclosing(dispatch.generate(call())) as chunks:
        await anext(chunks)

    assert list(engine.cancelled) == ["c"]


async def test_closing_closes_the_upstreams_and_leaves_the_slots():
    slot, upstream = FakeEngine("still here"), FakeEngine()
    dispatch = dispatching(table(maths=("a",)), remotes={"hosted": upstream}, a=slot)

    await dispatch.close()

    assert await said(dispatch, call("maths")) == "still here"
    with pytest.raises(ExpertUnavailableError):
        await said(dispatch, call("hosted"))


def embed_call(expert: str = "maths", **fields) -> EmbedCall:
    inputs = (Text(text="hi"),)
    return EmbedCall(id="e", expert=expert, generation=1, version="v1", inputs=inputs, **fields)


HI = list(fake_vector(Text(text="hi")))


async def test_a_call_for_vectors_goes_where_the_expert_is_hosted():
    a, b = FakeEngine(), FakeEngine()

    vectors = await dispatching(table(maths=("b",)), a=a, b=b).embed(embed_call(timeout_s=9))

    assert [list(row) for row in vectors.values] == [HI]
    assert (list(a.calls), [asked.timeout_s for asked in b.calls]) == ([], [9])


@pytest.mark.parametrize(
    "error", [DEAD, OverloadedError("full"), SwapError("torn"), NotHostedError("elsewhere")]
)
async def test_vectors_come_from_another_slot_when_one_cannot(error):
    a, b = FakeEngine(fails=error), FakeEngine()
    dispatch = dispatching(BOTH, a=a, b=b)

    vectors = [(await dispatch.embed(embed_call())).values for _ in range(2)]

    assert [list(rows[0]) for rows in vectors] == [HI, HI]
    assert len(b.calls) == 2


async def test_a_fault_of_the_caller_is_not_tried_elsewhere():
    a = FakeEngine(fails=ContextTooLongError("300 of 256 tokens"))
    b = FakeEngine(fails=ContextTooLongError("300 of 256 tokens"))

    with pytest.raises(ContextTooLongError, match="300 of 256 tokens"):
        await dispatching(BOTH, a=a, b=b).embed(embed_call())

    assert len(a.calls) + len(b.calls) == 1


async def test_vectors_that_take_too_long_are_given_up():
    stuck = FakeEngine(gate=asyncio.Event())
    dispatch = dispatching(table(maths=("a",)), a=stuck)

    with pytest.raises(EngineTimeoutError):
        await dispatch.embed(embed_call(timeout_s=0.01))

    assert stuck.num_in_flight == 0


async def test_a_caller_that_leaves_ends_the_embedding_at_its_source():
    stuck = FakeEngine(gate=asyncio.Event())
    task = asyncio.create_task(dispatching(table(maths=("a",)), a=stuck).embed(embed_call()))
    await stuck.arrived.wait()

    task.cancel()
    await asyncio.wait([task])

    assert list(stuck.cancelled) == ["e"]


async def test_an_upstream_that_does_not_embed_says_so():
    class Talker:
        def generate(self, call):
            raise AssertionError(call)

        async def close(self):
            pass

    with pytest.raises(UnsupportedParameterError, match="'maths': its Talker does not embed"):
        await dispatching(table(), remotes={"maths": Talker()}).embed(embed_call())
