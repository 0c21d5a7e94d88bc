"""Who is killed between prepare and flip, and a service that is stopped and started again."""

import contextlib
import json
import os
import signal
import time

import httpx
import psutil
import pytest

from tests.e2e.scripted_service import GATE, GATED
from tests.e2e.test_edits import Load, Site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.stop()


@contextlib.contextmanager
def before_the_flip(site: Site, edition: int):
    """Every replica is prepared for an edit, and its flip waits for the store; yields its text."""
    model = f"{GATED}-{edition}"
    # A size of its own: siblings of what is served would join its engine and start none.
    late = site.expert("late", model, num_bytes=1024 + 64 * edition)
    gate = site.file.parent / "models" / model / GATE
    os.mkfifo(gate)
    # Whoever was killed before is back: one that is not would have to read from the stopped store.
    # The runner of batches follows like a gateway.
    await_(site, lambda state: len(alive(state["gateways"])) == site.num_gateways + 1)
    redis = site.service.killers.one("redis")
    text = site.write(site.expert("steady"), site.scripted(edition), late)
    with gate.open("wb"):  # blocks until the engine waits for it
        # Whoever reads the generation has read it: what is left is to start an engine.
        await_(site, lambda state: all("slot" in who for who in waited_for(state) or ("nobody",)))
        redis.send_signal(signal.SIGSTOP)
        gate.unlink()
        gate.write_bytes(b"open")  # for those who start it again
    try:
        await_(site, lambda state: waited_for(state) == {})
        assert site.state()["live"]["number"] < site.state()["preparing"]["number"]
        yield text
    finally:
        redis.send_signal(signal.SIGCONT)


def alive(gateways: dict[str, int]) -> list[str]:
    """Those whose process is there: one that was killed is told of for a while."""
    return [name for name in gateways if psutil.pid_exists(int(name.partition("-")[0]))]


def waited_for(state: dict) -> dict[str, str] | None:
    """Who is not prepared yet; `None` while nothing is prepared."""
    return state["preparing"] and state["preparing"]["waiting_for"]


def await_(site: Site, holds) -> None:
    deadline_s = time.monotonic() + 20
    while not holds(state := site.state()):
        if time.monotonic() > deadline_s:
            pytest.fail(f"not within 20 s: {json.dumps(state)}")
        time.sleep(0.02)


def await_answer(site: Site, model: str) -> str:
    """What an expert says, once a slot hosts it."""
    deadline_s = time.monotonic() + 30
    body = {"model": model, "messages": [{"role": "user", "content": "x"}]}
    while True:
        reply = site.client.post("/v1/chat/completions", json=body)
        if reply.status_code == httpx.codes.OK:
            return str(reply.json()["choices"][0]["message"]["content"])
        assert time.monotonic() < deadline_s, reply.text
        time.sleep(0.05)


# The worker last: what it held is nowhere else while another one is still coming back.
@pytest.mark.parametrize(("edition", "killed"), [(1, "conductor"), (2, "gateway"), (3, "worker")])
def test_whoever_is_killed_between_prepare_and_flip_the_edit_becomes_live(site, edition, killed):
    is_endpoint = killed == "gateway"  # its own requests end with it
    with Load(site, ("steady", "scripted")).running(streams=False) as load:
        with before_the_flip(site, edition) as text:
            site.service.killers.kill(killed, slot="local-1" if killed == "worker" else None)
        number = site.await_live(text, within_s=60)

    assert "late" in await_answer(site, "late")
    assert site.live() == number
    if not is_endpoint:
        load.check()


def test_a_service_that_starts_again_counts_on_and_takes_an_unchanged_file_for_what_it_is(site):
    text = site.write(site.expert("steady"), site.scripted(40))
    number = site.await_live(text)
    kept = site.client.get("/admin/registry/generations").json()

    site.stop()
    site.start()

    assert site.live() == number
    assert site.client.get("/admin/registry/generations").json() == kept
    assert await_answer(site, "scripted").split()[0] == "edition40"


def test_a_file_that_was_edited_while_the_service_was_stopped_is_the_next_generation(site):
    number = site.live()
    site.stop()
    text = site.write(site.expert("steady"), site.scripted(41))
    site.start()

    assert site.await_live(text) == number + 1
    rolled = site.client.post("/admin/registry/rollback", json={}).json()
    assert rolled["outcome"] == "live"
    assert await_answer(site, "scripted").split()[0] == "edition40"


def test_requests_and_rollouts_are_in_the_log_while_the_service_runs(site):
    await_answer(site, "steady")

    log = (site.file.parent / "data/logs/orchestrator.log").read_text()

    assert '"request":"POST /v1/chat/completions","status":200' in log
    assert '"action":"rollout","outcome":"live"' in log
