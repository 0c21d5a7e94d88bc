"""Slots over HTTP: who is refused, what is told, what wishes do."""

from dataclasses import replace
from math import inf

import pytest

from orchestrator.api.settings import ApiSettings
from orchestrator.engines.circuits import Circuit
from orchestrator.engines.slot import Waiting
from orchestrator.errors import SwapError
from tests.served import Service, fault
from tests.slots import OLD, PLAIN, READY, REPORT, Slots

VERSION = PLAIN.partition("@")[2]
LIVE = {"id": "plain", "version": VERSION, "is_live": True}
OLDER = {"id": "plain", "version": "0" * 12, "is_live": False}


def served(slots=None, **more):
    return Service(residency=(slots or Slots()).oversight, **more)


async def told(slots, name="local"):
    """What is told of one slot."""
    rows = (await served(slots).get("/admin/residency")).json()["slots"]
    return next(row for row in rows if row["name"] == name)


@pytest.mark.parametrize("kind", ["load", "unload", "pin", "unpin"])
async def test_an_unknown_expert_is_404_with_the_nearest(kind):
    response = await served().post(f"/admin/experts/plian/{kind}")

    assert (response.status_code, fault(response)["code"]) == (404, "not_found")
    assert fault(response)["message"] == (
        "expert 'plian' is not in the registry; nearest: ['plain']"
    )


async def test_a_composition_is_no_expert():
    response = await served().post("/admin/experts/auto/load")

    assert response.status_code == 404
    assert "experts of slots: ['plain']" in fault(response)["message"]


@pytest.mark.parametrize("kind", ["load", "pin"])
async def test_an_expert_of_the_gateways_is_409(kind):
    response = await served().post(f"/admin/experts/math/{kind}")

    assert (response.status_code, fault(response)["code"]) == (409, "conflict")
    assert "expert 'math' is of kind 'fake': gateways run it" in fault(response)["message"]


async def test_a_slot_that_does_not_host_it_is_400_with_those_that_do():
    response = await served().post("/admin/experts/plain/load?slot=gpu")

    assert response.status_code == 400
    assert fault(response)["param"] == "slot"
    assert fault(response)["message"].endswith("does not host expert 'plain'; allowed: local")


async def test_an_expert_that_no_slot_hosts_yet_is_503():
    response = await served(Slots(hosts={})).post("/admin/experts/plain/load")

    assert (response.status_code, fault(response)["code"]) == (503, "expert_unavailable")
    assert response.headers["retry-after"] == "5"


@pytest.mark.parametrize("kind", ["evict", "LOAD"])
async def test_other_wishes_are_404(kind):
    assert (await served().post(f"/admin/experts/plain/{kind}")).status_code == 404


async def test_a_wait_that_is_neither_yes_nor_no_is_400():
    response = await served().post("/admin/experts/plain/load?wait=perhaps")

    assert (response.status_code, fault(response)["param"]) == (400, "wait")


async def test_slots_are_for_callers_on_this_machine():
    for service in (served(peer="10.0.0.9"), served(settings=ApiSettings(admin="off"))):
        assert (await service.get("/admin/residency")).status_code == 403
        assert (await service.post("/admin/experts/plain/load")).status_code == 403


async def test_pages_of_other_machines_may_not_steer():
    slots = Slots()
    async with served(slots).client() as client:
        headers = {"origin": "https://evil.example"}
        response = await client.post("/admin/experts/plain/pin", headers=headers)

    assert response.status_code == 403
    assert slots.steered.wishes == []


async def test_without_anybody_who_sees_slots_there_is_nothing_to_ask():
    assert (await Service().get("/admin/residency")).status_code == 404


async def test_a_step_that_fails_is_told_with_its_slot():
    slots = Slots()
    slots.steered.breaks = SwapError("its canary differs")

    response = await served(slots).post("/admin/experts/plain/load")

    assert (response.status_code, fault(response)["code"]) == (503, "swap_failed")
    assert fault(response)["message"] == "slot 'local': its canary differs"


async def test_a_slot_that_fails_does_not_undo_the_others():
    slots = Slots(hosts={PLAIN: ("local-1", "local")})

    response = await served(slots).post("/admin/experts/plain/pin")

    assert fault(response)["message"] == "slot 'local-1': its worker is gone"
    assert slots.steered.wishes == [("pin", PLAIN)]


@pytest.mark.parametrize("kind", ["load", "unload", "pin", "unpin"])
async def test_a_wish_means_the_live_definition(kind):
    slots = Slots()

    response = await served(slots).post(f"/admin/experts/plain/{kind}?slot=local")

    assert slots.steered.wishes == [(kind, PLAIN)]
    (row,) = response.json().pop("slots")
    assert (row["slot"], row["outcome"]) == ("local", "done")
    assert response.json()["version"] == VERSION


async def test_who_does_not_wait_hears_that_it_is_begun():
    slots = Slots()
    slots.steered.is_free.clear()
    async with served(slots).client() as client:
        response = await client.post("/admin/experts/plain/load?wait=false")

    assert response.json()["slots"] == [{"slot": "local", "outcome": "begun", "took_s": 0.0}]


async def test_a_slot_is_told_whole():
    row = await told(Slots())

    assert (row["state"], row["age_s"], row["hit_rate"]) == ("ready", 0.0, 0.75)
    assert row["queues"] == [{"expert": LIVE, "num_calls": 3, "oldest_s": 1.5, "expected_s": 0.5}]
    assert (row["action"], row["why"]) == (REPORT.action, REPORT.why)
    assert row["device"] == {"taken_gib": 2.0, "room_gib": 4.0}
    assert row["host"] == {"taken_gib": 0.0, "room_gib": None}
    assert row["broken"] == [{"expert": OLDER, "why": "its canary differs"}]
    assert (row["num_steps"], row["reuse"]["sch"]) == ({"swap": 7}, 0.25)


async def test_an_engine_is_told_whole():
    (engine,) = (await told(Slots()))["engines"]

    assert engine == {
        "id": "e1", "lineage": "llama", "state": "up", "detail": "", "rung": "serving",
        "num_experts": 2, "residents": [OLDER], "pinned": [LIVE],
        "in_flight": [{"expert": OLDER, "num_calls": 2}],
        "step": {"kind": "swap", "expert": LIVE, "for_s": 0.25},
        "draining_for": None, "last_step_s": 0.04, "down": None,
    }  # fmt: skip


async def test_a_silent_slot_is_told_as_it_was_heard_last():
    slots = Slots()
    await told(slots)
    slots.fall_silent()
    slots.now_s += 7.5

    row = await told(slots)

    assert (row["state"], row["age_s"]) == ("silent", 7.5)
    assert row["queues"][0]["num_calls"] == 3


async def test_a_slot_that_was_never_heard_has_no_age():
    row = await told(Slots(), "local-1")

    assert (row["age_s"], row["engines"], row["device"]) == (None, [], None)
    assert row["detail"] == "its worker gave no answer in 1 s"


async def test_a_wait_that_nobody_can_estimate_is_none():
    slots = Slots()
    endless = Waiting(expert=PLAIN, num_calls=1, oldest_s=1.0, expected_s=inf)
    slots.reports["local"] = replace(READY, report=replace(REPORT, waiting=(endless,)))

    assert (await told(slots))["queues"][0]["expected_s"] is None


async def test_every_live_expert_of_a_slot_has_a_home_or_none():
    slots = Slots(hosts={OLD: ("local", "local-1")}, homes={OLD: ("local-1",)})

    state = (await served(slots).get("/admin/residency")).json()

    assert state["generation"] == 7
    assert sorted(state["experts"], key=lambda row: row["slots"]) == [
        {"expert": LIVE, "slots": [], "homes": []},
        {"expert": OLDER, "slots": ["local", "local-1"], "homes": ["local-1"]},
    ]


async def test_circuits_are_told_as_the_gateway_has_them_that_answers():
    seen = Circuit(
        engine=f"plain@{VERSION}",
        state="open",
        for_s=2.0,
        retry_s=3.0,
        reason="timeout",
        num_failures=3,
        is_refusing=True,
        is_upstream=True,
    )
    slot = replace(seen, engine="local", is_upstream=False, is_refusing=False)
    service = served(gateway="7-abc", circuits=(slot, seen))

    found = (await service.get("/admin/residency")).json()

    assert found["gateway"] == "7-abc"
    figures = {"for_s": 2.0, "retry_s": 3.0, "reason": "timeout", "num_failures": 3}
    assert found["circuits"] == [
        {"slot": "local", "expert": None, "state": "open", **figures},
        {"slot": None, "expert": LIVE, "state": "open", **figures},
    ]
