"""Hints: what is wanted soon, from a composition to the slot that hosts it."""

import pytest

from orchestrator.compositions.admission import Admission
from orchestrator.compositions.generation import Generation
from orchestrator.engines.dispatch import Dispatch
from orchestrator.engines.fake import FakeEngine, FakeHost
from orchestrator.engines.hints import FORGET_S, MAX_HINTS, Hints
from orchestrator.engines.slot import Slot
from orchestrator.registry.models import Expert, Registry
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.placement import DispatchTable

MATHS, FRENCH = (Expert(id=id_) for id_ in ("maths", "french"))


def slot_of(*experts: Expert, clock: ManualClock) -> Slot:
    slot = Slot("local", clock=clock)
    slot.seat("llama", FakeHost(experts), experts)
    return slot


def test_the_newest_hints_are_kept():
    hints = Hints()

    for number in range(MAX_HINTS + 2):
        hints.note(str(number), now_s=number / 10)
    hints.note("2", now_s=9)

    held = hints.held(now_s=10)
    assert list(held) == [*(str(number) for number in range(3, MAX_HINTS + 2)), "2"]
    assert held["2"] == 9


def test_what_never_came_is_forgotten():
    hints = Hints()

    hints.note("maths", now_s=1)

    assert hints.held(now_s=FORGET_S) == {"maths": 1}
    assert hints.held(now_s=1 + FORGET_S) == {}


def test_a_slot_keeps_hints_of_what_it_hosts():
    clock = ManualClock(now_s=7)
    slot = slot_of(MATHS, clock=clock)

    slot.hint(MATHS.key)
    slot.hint(FRENCH.key)

    assert slot.hints == {MATHS.key: 7}


@pytest.fixture
def hosted():
    """Two slots, an upstream that takes no hints, and the generation over them."""
    clock = ManualClock()
    maths, french = slot_of(MATHS, clock=clock), slot_of(FRENCH, clock=clock)
    table = DispatchTable(slots_by_expert={MATHS.key: ("a",), FRENCH.key: ("gone", "b", "c")})
    slots = {"a": maths, "b": french, "c": FakeEngine()}

    async def refresh():
        return table

    dispatch = Dispatch(table, slots=slots, remotes={}, refresh=refresh, clock=lambda: 0.0)
    registry = Registry(experts=(MATHS, FRENCH))
    generation = Generation(
        number=1,
        registry=registry,
        admission=Admission(registry),
        dispatch=dispatch,
        version_by_id={"maths": MATHS.version, "french": FRENCH.version},
        prices={},
    )
    return generation, maths, french


def test_the_next_stages_experts_are_announced_to_the_slots_that_host_them(hosted):
    generation, maths, french = hosted

    generation.announce(["maths", "french"])

    assert (list(maths.hints), list(french.hints)) == ([MATHS.key], [FRENCH.key])


def test_what_nobody_hosts_is_announced_to_nobody(hosted):
    generation, maths, french = hosted

    generation.dispatch.hint("law@1")

    assert (dict(maths.hints), dict(french.hints)) == ({}, {})
