"""Data that an earlier version of the service wrote, served by this one.

`tests/upgrades/of_6de38fb` was written by running the code of that commit: two generations, four
decisions, one feedback, costs of one slot, a batch that was done and one that was under way when
every process was killed.
"""

import json
import re
import shutil
import time
from pathlib import Path

import httpx
import pytest

from tests.e2e.service import Service
from tests.faults.killers import until
from tests.free_ports import free_port
from tests.registries import write_model

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

OLD = Path(__file__).parents[1] / "upgrades" / "of_6de38fb"
IDS = json.loads((OLD / "ids.json").read_text())
REGISTRY = """\
experts:
  - {id: one, engine: {kind: fake, says: third answer}}
  - {id: held, model: %s}
routers:
  r:
    kind: rules
    rules: [{when: {keywords: {any: [war]}}, expert: held}]
    otherwise: {expert: one}
compositions:
  auto: {kind: route, router: r}
slots:
  - {name: local, memory_gib: 2, engine_overhead_gib: 0.25}
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("upgraded")
    shutil.copytree(OLD, folder / "data")
    keep_fresh(folder / "data")
    (folder / "experts.yaml").write_text(REGISTRY % write_model(folder / "models" / "held"))
    service = Service(
        folder / "experts.yaml",
        port=free_port(),
        folder=folder / "data",
        gateways=1,
        program="tests.e2e.scripted_service",
    ).await_ready()
    whose = {"authorization": "Bearer none"}
    with httpx.Client(base_url=service.url, timeout=60, trust_env=False, headers=whose) as one:
        yield one
    service.stop()


def keep_fresh(data: Path) -> None:
    """Put off what has expired since it was written: the form stays as it is."""
    later_s = int(time.time()) + 86_400
    log = data / "redis/appendonly.aof"
    moment = f"$13\r\n{later_s * 1000}\r\n".encode()
    log.write_bytes(re.sub(rb"\$13\r\n\d{13}\r\n", moment, log.read_bytes()))
    for file in data.glob("batches/batches/*/batch.json"):
        text = re.sub(r'"expires_at":\d+', f'"expires_at":{later_s}', file.read_text())
        file.write_text(text)


def test_generations_go_on_from_the_stored_ones(client):
    listed = client.get("/admin/registry/generations").json()["data"]

    assert [one["number"] for one in listed][:3] == [3, 2, 1]
    assert "second answer" in client.get("/admin/registry/text?generation=2").text


def test_decisions_and_feedback_of_before_are_read(client):
    found = client.get(f"/admin/decisions/{IDS['rid']}")

    assert (found.status_code, found.json()["expert"]) == (200, "one")
    assert [one["request_id"] for one in client.get("/admin/feedback").json()["data"]] == [
        IDS["rid"]
    ]


def test_a_batch_that_was_done_still_has_its_output(client):
    batch = client.get(f"/v1/batches/{IDS['done']}").json()
    text = client.get(f"/v1/files/{IDS['output']}/content").text

    assert batch["status"] == "completed"
    assert sorted(json.loads(line)["custom_id"] for line in text.splitlines()) == ["q0", "q1", "q2"]


def test_a_batch_that_was_under_way_is_gone_on_with(client):
    ended = until(lambda: completed(client, IDS["under_way"]), what="a batch that has ended")

    assert ended["request_counts"] == {"total": 12, "completed": 12, "failed": 0}


def completed(client: httpx.Client, batch_id: str) -> dict | None:
    batch = client.get(f"/v1/batches/{batch_id}").json()
    return batch if batch["status"] == "completed" else None
