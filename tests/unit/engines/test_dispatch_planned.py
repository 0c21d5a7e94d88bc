"""Calls of batches: sent where their plan has them, and no load that engines move for."""

from orchestrator.engines.base import Call, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.dispatch import Dispatch
from orchestrator.engines.fake import FakeEngine
from orchestrator.errors import EngineDeadError, OverloadedError
from orchestrator.registry.models import key_of
from orchestrator.residency.placement import DispatchTable

KEY = key_of("maths", "v1")


def call(**fields) -> Call:
    prompt = Text(text="hi")
    return Call(id="c", expert="maths", generation=1, version="v1", prompt=prompt, **fields)


def dispatching(**slots) -> Dispatch:
    table = DispatchTable(slots_by_expert={KEY: tuple(slots)})

    async def refreshed() -> DispatchTable:
        return table

    return Dispatch(table, slots=slots, remotes={}, refresh=refreshed, clock=lambda: 100.0)


async def said(dispatch: Dispatch, asked: Call) -> str:
    return (await collect(dispatch.generate(asked))).choices[0].text


async def test_a_call_is_sent_where_its_plan_has_it_while_that_slot_takes_it():
    full = FakeEngine(fails=OverloadedError("full", reason="queue_full", retry_after_s=1.0))
    slots = {"a": FakeEngine("a"), "b": FakeEngine("b"), "c": full}
    dispatch = dispatching(**slots)

    found = [await said(dispatch, call(slot=slot)) for slot in ("b", "nowhere", "c", None)]

    assert (found[0], found[2] in "ab", len(full.calls)) == ("b", True, 1)


async def test_a_slot_that_died_is_the_last_choice_of_a_plan_too():
    dead = FakeEngine(fails=EngineDeadError("its process is gone"))
    dispatch = dispatching(a=FakeEngine("a"), b=dead)

    for _ in range(2):
        assert await said(dispatch, call(slot="b")) == "a"

    assert len(dead.calls) == 1


async def test_calls_that_nobody_waits_for_are_no_load_that_engines_move_for():
    dispatch = dispatching(a=FakeEngine("a"), b=FakeEngine("b"))

    await said(dispatch, call(is_background=True))
    assert dispatch.load.calls_per_s == {}
    await said(dispatch, call())

    assert list(dispatch.load.calls_per_s) == [KEY]
