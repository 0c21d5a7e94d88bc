"""Redis hangs, is killed, and loses all it had, while a real service answers."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from orchestrator.client import Client
from tests.e2e.test_edits import Load, Site
from tests.faults.killers import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

#: Longer than any time-out of a client of Redis.
AWAY_S = 60.0
ADMIN_KEY = "e2e-admin-key-0123456789abcdef"
NUM_LINES = 2000


class Keyed(Site):
    """One that asks for keys; the operator's own has no limits."""

    environment: ClassVar = {"ORCHESTRATOR_KEYS": "required", "ORCHESTRATOR_ADMIN_KEY": ADMIN_KEY}
    headers: ClassVar = {"authorization": f"Bearer {ADMIN_KEY}"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Keyed(tmp_path_factory.mktemp("site"))
    yield made
    made.stop()


def ready(site: Site) -> dict:
    """What one of the gateways says of itself; the second may be ready after the first."""
    return site.client.get("/readyz").json()


def store_up(site: Site) -> bool:
    return 'orchestrator_store_up{part="gateway"} 1.0' in site.client.get("/metrics").text


def num_answers(load: Load) -> int:
    return len(load.answers)


@dataclass
class Batch:
    """A batch of a key whose tokens are counted."""

    client: httpx.Client
    id: str

    def progress(self) -> dict:
        return self.client.get(f"/v1/batches/{self.id}/progress").raise_for_status().json()

    def num_done(self) -> int:
        return self.progress()["request_counts"]["completed"]

    def ids(self) -> list[str]:
        """Of the lines in its output file."""
        told = self.client.get(f"/v1/batches/{self.id}").json()
        text = self.client.get(f"/v1/files/{told['output_file_id']}/content").text
        return [json.loads(line)["custom_id"] for line in text.splitlines()]


@contextmanager
def batch_of_a_bounded_key(site: Site) -> Iterator[Batch]:
    with Client(site.service.url, api_key=ADMIN_KEY) as operator:
        secret = operator.keys.create("batches", terms={"tokens_per_minute": 10**9}).secret
    headers = {"authorization": f"Bearer {secret}"}
    body = {"model": "steady", "messages": [{"role": "user", "content": "x"}]}
    line = {"method": "POST", "url": "/v1/chat/completions", "body": body}
    text = "\n".join(json.dumps({"custom_id": str(n), **line}) for n in range(NUM_LINES))
    with httpx.Client(base_url=site.service.url, timeout=60, headers=headers) as client:
        file = client.post(
            "/v1/files", files={"file": ("in.jsonl", text)}, data={"purpose": "batch"}
        )
        asked = {
            "input_file_id": file.raise_for_status().json()["id"],
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
        }
        yield Batch(client, client.post("/v1/batches", json=asked).raise_for_status().json()["id"])


def test_while_redis_hangs_every_request_is_answered_and_the_service_says_so(site):
    until(lambda: ready(site)["status"] == "ready", what="a ready service")
    with batch_of_a_bounded_key(site) as batch:
        until(lambda: batch.num_done() > 0, what="a batch under way")
        outage(site, batch)
        until(lambda: batch.progress()["status"] == "completed", what="its end", within_s=120)

        assert sorted(batch.ids(), key=int) == [str(number) for number in range(NUM_LINES)]


def outage(site: Site, batch: Batch) -> None:
    """Requests go on, the batch pauses, and both say so."""
    with Load(site, ("steady", "scripted")).running() as load:
        with site.service.killers.stopped("redis"):
            gone_s = time.monotonic()
            until(lambda: ready(site)["status"] == "degraded", what="a degraded service")
            told = until(lambda: ready(site)["degraded"], what="what is away")
            until(lambda: not store_up(site), what="a metric that says so")
            held = until(lambda: batch.progress()["obstacle"], what="a batch that says why")
            paused = batch.num_done()
            begun = num_answers(load)
            until(
                lambda: time.monotonic() - gone_s > AWAY_S,
                what="a long outage",
                within_s=AWAY_S + 10,
            )
            during = num_answers(load) - begun
            assert batch.num_done() == paused < NUM_LINES
        until(lambda: ready(site)["status"] == "ready", what="a service that has caught up")
        until(lambda: store_up(site), what="a metric that says so")

    load.check()
    assert during > 50
    assert told[0].startswith("store: away for ")
    assert "limits cannot be counted while the store is away" in held


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
    lines = [json.loads(line) for line in log.splitlines()]
    assert any("has lost its generations" in line.get("message", "") for line in lines)
    told = [line["state"] for line in lines if line.get("action") == "store"]
    assert {"away", "up"} == set(told)
