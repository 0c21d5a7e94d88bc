"""When the Conductor looks at the load, what gateways hear of it, and what is kept of gateways."""

import asyncio
from dataclasses import replace

import pytest

from orchestrator.errors import ConflictError
from orchestrator.residency.load import Load
from orchestrator.residency.rearranging import LEAST_BETWEEN_S
from orchestrator.service.arranging import Arranging
from orchestrator.service.gateways import GONE_S
from orchestrator.service.reports import GatewayReport, Sights
from orchestrator.service.rollcall import Rollcall
from tests.unit.service.calling import FRENCH, LAW, MATHS, Clock, gateway, lineage, plan, worker


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rollcall(clock) -> Rollcall:
    made = Rollcall(clock=clock)
    family = lineage("llama", MATHS, FRENCH, LAW)
    made.settle(replace(plan(1, a=[family], b=[family]), has_homes=True))
    for slot in "ab":
        made.hear_worker(worker(made, slot, MATHS, FRENCH, LAW, llama="up"))
    return made


@pytest.fixture
def arranging(rollcall, clock) -> Arranging:
    return Arranging(rollcall, tell=lambda: None, clock=clock, solver=lambda *_: None)


def asked(id_: str = "g", *, homes=None, **calls_per_s: float) -> GatewayReport:
    experts = {"maths": MATHS, "french": FRENCH, "law": LAW}
    load = Load(calls_per_s={experts[name].key: per_s for name, per_s in calls_per_s.items()})
    return gateway(id_, sights=Sights(load=load, homes=homes))


async def test_nothing_is_placed_while_a_generation_is_proposed(rollcall, arranging):
    rollcall.hear_gateway(asked(maths=1.0))
    rollcall.announce(2)

    await arranging.look()

    assert rollcall.table().homes_by_expert is None
    with pytest.raises(ConflictError, match="an edit or an earlier move"):
        await arranging.placement(True)


async def test_what_could_be_moved_is_told_at_any_time(rollcall, arranging):
    rollcall.hear_gateway(asked(maths=1.0, french=0.5))
    rollcall.announce(2)

    told = await asyncio.gather(arranging.placement(False), arranging.placement(False))

    assert [(one.proposal.is_worth, one.is_carried_out) for one in told] == [(True, False)] * 2


async def test_two_who_move_at_once_move_one_after_the_other(rollcall, arranging):
    rollcall.hear_gateway(asked(maths=1.0, french=0.5))

    first, second = await asyncio.gather(arranging.placement(True), arranging.placement(True))

    assert (first.is_carried_out, second.is_carried_out) == (True, False)
    assert second.homes == first.proposed_homes


async def test_a_look_without_carrying_out_changes_nothing(rollcall, arranging):
    rollcall.hear_gateway(asked(maths=1.0, french=0.5))

    report = await arranging.placement(False)

    assert report.proposal.is_worth
    assert rollcall.table().homes_by_expert is None


async def test_the_first_load_gives_homes_and_a_shift_moves_them_but_not_at_once(
    rollcall, arranging, clock
):
    rollcall.hear_gateway(asked(maths=1.0, french=0.2, law=0.1))
    await arranging.look()
    first = rollcall.table().homes_by_expert
    assert first[MATHS.key] != first[FRENCH.key] == first[LAW.key]

    rollcall.hear_gateway(asked(maths=0.1, french=0.2, law=3.0))
    await arranging.look()
    assert rollcall.table().homes_by_expert == first
    clock.now_s += LEAST_BETWEEN_S
    rollcall.hear_gateway(asked(maths=0.1, french=0.2, law=3.0))
    await arranging.look()

    then = rollcall.table().homes_by_expert
    assert then[LAW.key] != then[FRENCH.key] == then[MATHS.key]


async def test_where_placement_is_fixed_nothing_moves_unless_it_is_asked_for(rollcall, arranging):
    rollcall.settle(replace(rollcall.live, number=2, has_homes=False))
    rollcall.hear_gateway(asked(maths=1.0, french=0.5))

    await arranging.look()
    assert rollcall.homes is None

    assert (await arranging.placement(True)).is_carried_out
    assert rollcall.homes


async def test_a_new_conductor_takes_the_homes_that_gateways_hold(rollcall, clock):
    held = {MATHS.key: ("b",)}

    rollcall.hear_gateway(asked(maths=1.0))
    assert rollcall.table().homes_by_expert is None
    rollcall.hear_gateway(asked("other", homes=held, maths=2.0))

    assert rollcall.table().homes_by_expert == held
    assert rollcall.gateways.load.calls_per_s == {MATHS.key: 3.0}


async def test_what_a_gateway_saw_stands_until_it_is_gone(rollcall, clock):
    rollcall.hear_gateway(asked("old", maths=2.0))
    rollcall.hear_gateway(gateway("old"))
    assert rollcall.gateways.load.calls_per_s == {MATHS.key: 2.0}

    clock.now_s += GONE_S + 1
    rollcall.hear_gateway(asked("new", french=1.0))

    assert rollcall.gateways.load.calls_per_s == {FRENCH.key: 1.0}


def test_a_slot_is_told_of_with_its_residents_its_waits_and_seconds_of_its_kind(rollcall):
    report = worker(rollcall, "a", MATHS, FRENCH, LAW, llama="up")
    told = replace(report.report, swap_s={MATHS.key: 2.0}, call_s={MATHS.key: 4.0})
    rollcall.hear_worker(replace(report, report=told))

    outlooks = rollcall.table().outlook_by_slot

    assert (outlooks["a"].swap_s, outlooks["a"].call_s) == (2.0, 4.0)
    assert outlooks["b"] == outlooks["a"]


def test_a_home_that_takes_no_calls_is_left_out_of_the_table(rollcall):
    rollcall.settle_homes({MATHS.key: ("gone", "b"), FRENCH.key: ("gone",)})

    assert rollcall.table().homes_by_expert == {MATHS.key: ("b",)}
