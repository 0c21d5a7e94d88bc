"""Slots of a real service, seen and steered: two gateways, two slots, scripted engines."""

import os
import signal
import time

import httpx
import pytest

from tests.e2e.service import ask
from tests.e2e.test_edits import Site

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
    worker = site.service.workers()["local"]
    os.kill(worker, signal.SIGSTOP)
    try:
        began_s = time.monotonic()
        found = slots(site)
        took_s = time.monotonic() - began_s
    finally:
        os.kill(worker, signal.SIGCONT)

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

    until_s = time.monotonic() + 30
    while len(homes(site)) < 2:
        assert time.monotonic() < until_s, site.client.get("/admin/placement").text
        time.sleep(0.1)
    again = site.client.post("/admin/placement").json()

    assert not again["is_carried_out"]
    assert again["why"]
    assert ask(site.service.url, "steady").status_code == 200


def homes(site) -> dict[str, list[str]]:
    """Slots of the experts that are at home somewhere."""
    state = site.client.get("/admin/placement")
    assert state.status_code == 200, state.text
    return {one["expert"]: one["homes"] for one in state.json()["experts"] if one["homes"]}
