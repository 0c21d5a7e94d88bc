"""Placement over HTTP, and as the command line tells it."""

from dataclasses import dataclass, field

import pytest

from orchestrator.api.settings import ApiSettings
from orchestrator.cli.place import lines
from orchestrator.client.placement import Placement
from orchestrator.errors import ConflictError
from orchestrator.residency.demand import Prices, demand_of
from orchestrator.residency.forecast import Arrangement
from orchestrator.residency.homes import Limits
from orchestrator.residency.load import Load
from orchestrator.residency.placement_report import PlacementReport
from orchestrator.residency.rearranging import proposed
from orchestrator.residency.spaces import Lineage, SlotSpace
from tests.served import Service, fault

SLOTS = [SlotSpace(name=name, memory_gib=4.0) for name in ("local", "local-1")]
SIBLINGS = Lineage(id="siblings", experts=("a@1", "b@1"), memory_gib=4.0)
HOSTS = {"siblings": ("local", "local-1")}


def report(load: Load, *, carried_out: bool) -> PlacementReport:
    demand = demand_of([SIBLINGS], SLOTS, load, Prices())
    now = Arrangement(hosts=HOSTS, homes={})
    proposal = proposed(demand, now, limits=Limits(), solver=lambda *_: None)
    return PlacementReport(
        is_observed=True,
        load=load,
        homes={},
        proposed_homes=proposal.arrangement.homes,
        hosts=HOSTS,
        proposed_hosts=proposal.arrangement.hosts,
        proposal=proposal,
        changed_s_ago=None,
        is_carried_out=carried_out and proposal.is_worth,
    )


@dataclass
class Placing:
    """Places by a load that is given."""

    load: Load = field(default_factory=Load)
    error: ConflictError | None = None

    async def placement(self, carries_out: bool) -> PlacementReport:
        if self.error is not None:
            raise self.error
        return report(self.load, carried_out=carries_out)


BUSY = Load(calls_per_s={"a@1": 2.0, "b@1": 1.0})


async def test_an_edit_under_way_is_409_with_what_to_ask():
    busy = Placing(error=ConflictError("placement is being changed"))

    response = await Service(placement=busy).post("/admin/placement")

    assert (response.status_code, fault(response)["code"]) == (409, "conflict")


@pytest.mark.parametrize("method", ["get", "post"])
async def test_it_answers_to_this_machine_alone(method):
    for refused in (
        Service(placement=Placing(), peer="10.0.0.1"),
        Service(placement=Placing(), settings=ApiSettings(admin="off")),
    ):
        assert (await getattr(refused, method)("/admin/placement")).status_code == 403


async def test_without_anybody_who_places_there_is_no_such_path():
    assert (await Service().get("/admin/placement")).status_code == 404


async def test_a_look_says_who_is_asked_for_where_each_could_be_and_changes_nothing():
    response = await Service(placement=Placing(load=BUSY)).get("/admin/placement")

    found = Placement.model_validate(response.json())
    assert [(one.expert, one.calls_per_s, one.homes) for one in found.experts] == [
        ("a@1", 2.0, ()),
        ("b@1", 1.0, ()),
    ]
    assert found.experts[0].proposed != found.experts[1].proposed
    assert (found.is_worth, found.is_carried_out) == (True, False)
    assert found.then.waiting < found.now.waiting
    assert "worth it: it saves" in "\n".join(lines(found))


async def test_what_is_worth_it_is_carried_out_when_that_is_asked():
    response = await Service(placement=Placing(load=BUSY)).post("/admin/placement")

    found = Placement.model_validate(response.json())
    told = "\n".join(lines(found))
    assert found.is_carried_out
    assert "a@1  2 calls/s  anywhere -> local" in told
    assert "moved: it saves" in told


async def test_why_nothing_moves_is_one_sentence():
    response = await Service(placement=Placing()).post("/admin/placement")

    told = list(lines(Placement.model_validate(response.json())))
    assert told[-1] == "nothing moves: no expert of a slot was asked for yet"
