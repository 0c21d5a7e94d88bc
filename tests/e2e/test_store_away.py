"""Redis hangs, is killed, and loses all it had, while a real service answers."""

import json
import shutil
import time
from pathlib import Path

import httpx
import pytest

from tests.e2e.test_edits import Load, Site
from tests.faults.killers import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

#: Longer than any time-out of a client of Redis.
AWAY_S = 12.0


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.stop()


def ready(site: Site) -> dict:
    reply = site.client.get("/readyz")
    assert reply.status_code == 200, reply.text
    return reply.json()


def store_up(site: Site) -> bool:
    return 'orchestrator_store_up{part="gateway"} 1.0' in site.client.get("/metrics").text


def num_answers(load: Load) -> int:
    return len(load.answers)


def test_while_redis_hangs_every_request_is_answered_and_the_service_says_so(site):
    until(lambda: ready(site)["status"] == "ready", what="a ready service")
    with Load(site, ("steady", "scripted")).running() as load:
        with site.service.killers.stopped("redis"):
            gone_s = time.monotonic()
            until(lambda: ready(site)["status"] == "degraded", what="a degraded service")
            told = until(lambda: ready(site)["degraded"], what="what is away")
            until(lambda: not store_up(site), what="a metric that says so")
            begun = num_answers(load)
            until(lambda: time.monotonic() - gone_s > AWAY_S, what="a long outage")
            during = num_answers(load) - begun
        until(lambda: ready(site)["status"] == "ready", what="a service that has caught up")
        until(lambda: store_up(site), what="a metric that says so")

    load.check()
    assert during > 50
    assert told[0].startswith("store: away for ")


def test_requests_of_an_outage_have_their_decision_records_afterwards(site):
    body = {"model": "steady", "messages": [{"role": "user", "content": "x"}]}
    with site.service.killers.stopped("redis"):
        until(lambda: ready(site)["status"] == "degraded", what="a degraded service")
        reply = site.client.post("/v1/chat/completions", json=body)
    where = f"/admin/decisions/{reply.headers['x-orchestrator-request-id']}"

    found = until(lambda: is_ok(site, where), what="the record of the request", within_s=30)

    assert found.json()["status"] == 200


def forget(data: Path) -> None:
    """Remove what Redis keeps: one file, and since its version 7 a folder of that name."""
    for kept in data.glob("appendonly*"):
        shutil.rmtree(kept) if kept.is_dir() else kept.unlink()


def is_ok(site: Site, path: str) -> httpx.Response | None:
    reply = site.client.get(path)
    return reply if reply.status_code == 200 else None


def test_a_redis_that_comes_back_empty_gets_the_live_generation_again(site):
    text = site.write(site.expert("steady"), site.scripted(5))
    number = site.await_live(text)
    with Load(site, ("steady", "scripted")).running() as load:
        with site.service.killers.stopped("redis") as redis:
            forget(site.file.parent / "data/redis")
            redis.kill()
        until(lambda: "starting it again" in site.service.output, what="another Redis")
        edited = site.write(site.expert("steady"), site.scripted(6))
        after = site.await_live(edited, within_s=60)
    load.check()

    assert after > number
    log = (site.file.parent / "data/logs/orchestrator.log").read_text()
    lost = [json.loads(line) for line in log.splitlines() if "has lost its generations" in line]
    assert lost
