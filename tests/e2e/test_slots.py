"""Slots of a real service, seen and steered: two gateways, two slots, scripted engines."""

import json
import time

import httpx
import pytest

from tests.e2e.service import ask
from tests.e2e.test_edits import Site

#: Engines move, or whoever decides has no time on a busy machine: the same wish is granted later.
BUSY = (409, 503)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.stop()


def slots(site) -> dict[str, dict]:
    """What is told of every slot, by name."""
    state = site.client.get("/admin/residency")
    assert state.status_code == 200, state.text
    return {slot["name"]: slot for slot in state.json()["slots"]}


def test_a_worker_that_hangs_is_silent_and_told_as_it_was_heard_last(site):
    assert {slot["state"] for slot in slots(site).values()} == {"ready"}
    with site.service.killers.stopped("worker", slot="local"):
        began_s = time.monotonic()
        found = slots(site)
        took_s = time.monotonic() - began_s

    assert took_s < 3.0
    assert (found["local"]["state"], found["local-1"]["state"]) == ("silent", "ready")
    assert found["local"]["age_s"] > 0.9
    assert found["local"]["engines"][0]["rung"] == "serving"


def test_what_a_slot_did_is_told_and_counted(site):
    for model in ("steady", "edited", "steady"):
        assert ask(site.service.url, model).status_code == 200

    found = slots(site)
    metrics = httpx.get(f"{site.service.url}/metrics", trust_env=False).text

    assert sum(slot["num_admitted"] for slot in found.values()) >= 3
    assert all(slot["engines"][0]["residents"][0]["is_live"] for slot in found.values())
    assert 'orchestrator_queue_wait_seconds_count{outcome="admitted",slot="local' in metrics
    assert "orchestrator_trace_srp_ratio" in metrics


def test_experts_that_are_asked_for_get_homes_by_themselves_and_it_says_why_nothing_moves_then(
    site,
):
    for model in ("steady", "edited") * 5:
        assert ask(site.service.url, model).status_code == 200

    until_s = time.monotonic() + 90
    while len(homes(site)) < 2:
        assert time.monotonic() < until_s, site.client.get("/admin/placement").text
        time.sleep(0.1)
    while (reply := site.client.post("/admin/placement")).status_code == 409:  # engines move
        assert time.monotonic() < until_s, reply.text
        time.sleep(0.1)
    again = reply.json()

    assert not again["is_carried_out"]
    assert again["why"]
    assert ask(site.service.url, "steady").status_code == 200


def homes(site) -> dict[str, list[str]]:
    """Slots of the experts that are at home somewhere."""
    state = site.client.get("/admin/placement")
    assert state.status_code == 200, state.text
    return {one["expert"]: one["homes"] for one in state.json()["experts"] if one["homes"]}


def lines(site, action: str) -> list[dict]:
    """The log's JSON lines of one kind."""
    log = site.file.parent / "data" / "logs" / "orchestrator.log"
    told = map(json.loads, log.read_text().splitlines())
    return [one for one in told if one.get("action") == action]


def residents(site, slot: str) -> list[str]:
    return [one["id"] for engine in slots(site)[slot]["engines"] for one in engine["residents"]]


def test_an_expert_is_loaded_where_it_is_wanted_and_stays_while_it_is_pinned(site):
    wish = "/admin/experts/{}/{}?slot=local"
    for expert in ("edited", "steady"):
        until_s = time.monotonic() + 60
        while (loaded := site.client.post(wish.format(expert, "load"))).status_code in BUSY:
            assert time.monotonic() < until_s, loaded.text
            time.sleep(0.1)
        assert loaded.json()["slots"][0]["outcome"] == "done", loaded.text
        assert residents(site, "local") == [expert]

    assert site.client.post(wish.format("steady", "pin")).status_code == 200
    for _ in range(4):  # the other slot takes them
        assert ask(site.service.url, "edited").status_code == 200

    assert residents(site, "local") == ["steady"]
    assert slots(site)["local"]["engines"][0]["pinned"][0]["id"] == "steady"
    assert site.client.post(wish.format("steady", "unpin")).status_code == 200
    assert slots(site)["local"]["engines"][0]["pinned"] == []


def test_wishes_that_cannot_be_are_refused(site):
    def refusal(path):
        response = site.client.post(path)
        return response.status_code, response.json()["error"]["message"]

    status, message = refusal("/admin/experts/stedy/load")
    assert (status, "nearest: ['steady'" in message) == (404, True)
    assert refusal("/admin/experts/scripted/pin")[0] == 409
    status, message = refusal("/admin/experts/steady/load?slot=nowhere")
    assert (status, message.endswith("allowed: local, local-1")) == (400, True)


def test_an_unloaded_engine_is_stopped_and_comes_back_for_a_call(site):
    for slot in ("local", "local-1"):
        site.client.post(f"/admin/experts/steady/load?slot={slot}").raise_for_status()

    unloaded = site.client.post("/admin/experts/steady/unload", timeout=60)

    assert {one["outcome"] for one in unloaded.json()["slots"]} == {"done"}
    rungs = [engine["rung"] for slot in slots(site).values() for engine in slot["engines"]]
    assert rungs == ["stopped", "stopped"]
    assert ask(site.service.url, "edited").status_code == 200
    assert ask(site.service.url, "steady").status_code == 200


def test_the_log_has_every_decision_with_its_reason_and_every_step_with_its_end(site):
    # Of one slot: where both slots hold one each, nothing would have to be swapped.
    site.client.post("/admin/experts/edited/load?slot=local").raise_for_status()
    site.client.post("/admin/experts/steady/load?slot=local").raise_for_status()

    decided = [one for one in lines(site, "decision") if one["decision"] == "swap"]
    ended = [one for one in lines(site, "step") if one["step"] == "swap"]

    assert len(decided) == len(ended) > 0
    assert decided[-1]["why"].startswith("1 call waits for 'steady@")
    assert 0 <= decided[-1]["expected_s"] < 1
    assert {one["outcome"] for one in ended} == {"ok"}
    assert [one["wish"] for one in lines(site, "wish")][-1] == "load"
    assert not [one for one in lines(site, "decision") if one["decision"] == "admit"]
    metrics = httpx.get(f"{site.service.url}/metrics", trust_env=False).text
    assert 'orchestrator_swaps_total{kind="swap",outcome="ok",slot="local"}' in metrics
    assert 'orchestrator_memory_gib{ledger="device",part="room",slot="local"} 4.0' in metrics
