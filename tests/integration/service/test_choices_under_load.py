"""Slots that go away under load: `auto` asks whoever is left, and says why."""

import pytest

from orchestrator.compositions.base import Query
from orchestrator.engines.base import Text
from orchestrator.routing.limits import Limits
from tests.integration.service.cell import Cell, Load
from tests.integration.service.test_rollouts_under_load import entry, running, until

PROGRAMS = """
routers:
  gate:
    kind: rules
    rules: [{when: {keywords: {any: [hi]}}, expert: maths}]
    otherwise: {expert: french}
compositions:
  auto: {kind: route, router: gate}
  steady: {kind: route, router: gate, fallbacks: 1}
"""
GONE = "no slot that answers hosts it"
ASKED = Query(id="q", model="auto", prompt=Text(text="hi"))


@pytest.fixture
async def cell(tmp_path):
    """Each of two slots has room for one of two experts that are no siblings."""
    made = Cell(tmp_path, gateways=1)
    made.programs = PROGRAMS
    async with running(made):
        await made.edit(entry(made, "maths", kv=2.0), entry(made, "french", num_bytes=128, kv=2.0))
        yield made


def slot_of(cell: Cell, expert: str) -> str:
    table = cell.gateways[0].dispatch.table
    ((name,),) = (slots for key, slots in table.slots_by_expert.items() if key.startswith(expert))
    return name


async def test_an_expert_whose_slot_is_gone_is_not_chosen_and_no_request_fails(cell):
    (gateway,) = cell.gateways
    first = await gateway.following.live.decide(ASKED)
    cell.broken.add("maths")
    async with Load(cell, "steady").running() as load:
        await until(lambda: len(load.answers) > 20)
        cell.kill_worker(slot_of(cell, "maths"))
        await until(lambda: GONE in reasons(cell))
        later = await gateway.following.live.decide(ASKED)
        num_answers = len(load.answers)
        await until(lambda: len(load.answers) > num_answers + 20)

    assert (first.expert, later.expert) == ("maths", "french")
    assert later.allowed.excluded() == {"maths": GONE}
    assert load.failures == []
    assert {text.partition("@")[0] for _, _, text in load.answers} == {"maths", "french"}


def reasons(cell: Cell) -> list[str]:
    """Why experts are not reached; that calls of one failed is known before its slot is gone."""
    experts = cell.gateways[0].following.live.registry.experts
    found = cell.gateways[0].dispatch.unreachable(frozenset(one.key for one in experts))
    return list(found.values())


async def test_an_opt_out_holds_while_slots_go_away(cell):
    (gateway,) = cell.gateways
    shut_out = Limits(exclude=frozenset({"expert:french"}))
    asked = Query(id="q", model="steady", prompt=Text(text="hi"), limits=shut_out)
    cell.broken.add("maths")
    cell.kill_worker(slot_of(cell, "maths"))
    await until(lambda: GONE in reasons(cell))

    decision = await gateway.following.live.decide(asked)

    assert (decision.expert, decision.fallbacks) == ("maths", ())


async def test_what_an_edit_adds_can_be_chosen_as_soon_as_it_is_live(cell):
    (gateway,) = cell.gateways
    sibling = entry(cell, "maths", 1, kv=2.0)

    await cell.edit(sibling, entry(cell, "french", num_bytes=128, kv=2.0))

    decision = await gateway.following.live.decide(ASKED)
    assert (decision.generation, decision.expert) == (2, "maths")
