"""The service on a Ray cluster of two nodes, one of which is killed under load."""

import json
import subprocess
import sys
import threading
from collections import Counter

import httpx
import pytest

from orchestrator.service.ports import LOOPBACK
from orchestrator.store.server import RedisServer
from tests.e2e.two_nodes import ROOT, two_nodes
from tests.faults.killers import until
from tests.free_ports import free_port
from tests.registries import write_model

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

EXPERTS = ("maths", "law")
#: More than one node has CPUs for.
SLOTS = {"name": "local", "count": 3, "memory_gib": 4, "engine_overhead_gib": 0.25}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def registry(folder):
    """Write the registry's file, with slots as told."""
    experts = [
        {"id": id_, "model": str(write_model(folder / id_, num_bytes=64 * (n + 1)))}
        for n, id_ in enumerate(EXPERTS)
    ]

    def write(**slot) -> None:
        text = json.dumps({"experts": experts, "slots": [SLOTS | slot]})
        (folder / "experts.yaml").write_text(text)

    return write


@pytest.fixture(scope="module")
def nodes(folder, registry):
    registry()
    port = free_port()
    with two_nodes(cpus=2) as nodes, RedisServer(folder / "redis", port=port) as redis:
        arguments = {
            "registry": str(folder / "experts.yaml"), "store_url": redis.url, "keys": "off",
            "storage_url": str(folder / "batches"), "data_dir": str(folder / "data"),
        }  # fmt: skip
        deploy(nodes, arguments)
        yield nodes


def deploy(nodes, arguments):
    """As `serve deploy` does."""
    application = {
        "name": "orchestrator", "import_path": "tests.e2e.scripted_cluster:application",
        "route_prefix": "/", "args": arguments,
    }  # fmt: skip
    config = {
        "http_options": {"host": LOOPBACK, "port": nodes.http}, "applications": [application],
    }  # fmt: skip
    subprocess.run(
        [sys.executable, "-m", "tests.e2e.scripted_cluster", nodes.address, json.dumps(config)],
        cwd=ROOT, env=nodes.env, check=True, capture_output=True, timeout=120,
    )  # fmt: skip


@pytest.fixture
def client(nodes):
    with httpx.Client(base_url=f"http://{LOOPBACK}:{nodes.http}", timeout=30) as client:
        yield client


def is_ready(client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def ask(client, expert) -> httpx.Response:
    body = {"model": expert, "messages": [{"role": "user", "content": "x"}]}
    return client.post("/v1/chat/completions", json=body)


def slots(client) -> dict[str, dict]:
    """What is told of each; nothing while the Conductor hears of them itself."""
    told = client.get("/admin/residency")
    assert told.status_code in {200, 503}, told.text
    return {slot["name"]: slot for slot in told.json().get("slots", ())}


class Asking:
    """Both experts in turn, until told to stop."""

    def __init__(self, client) -> None:
        self.statuses: Counter[int] = Counter()
        self.untyped: list[str] = []
        self._client = client
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Asking":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            for expert in EXPERTS:
                reply = ask(self._client, expert)
                self.statuses[reply.status_code] += 1
                if reply.status_code != 200 and "error" not in reply.text:
                    self.untyped.append(reply.text)


def test_a_node_that_dies_takes_no_request_with_it_and_its_slots_come_back(nodes, client):
    until(lambda: is_ready(client), what="a ready service")
    until(lambda: nodes.workers(0) and nodes.workers(1), what="slots on both nodes")
    lost = nodes.workers(1)

    with Asking(client) as asking:
        until(lambda: asking.statuses[200] > 20, what="answers")
        nodes.kill(1)
        until(lambda: not lost & set(hosting(client)), what="slots that are gone")
        told = asking.statuses[200]
        until(lambda: asking.statuses[200] > told + 20, what="answers without the node")
        nodes.replace(1)
        until(lambda: len(hosting(client)) == SLOTS["count"], what="every slot again")

    assert nodes.workers(1)
    assert asking.untyped == []
    assert set(asking.statuses) <= {200, 503}
    assert asking.statuses[503] <= len(lost)


def hosting(client) -> list[str]:
    return [name for name, slot in slots(client).items() if slot["state"] == "ready"]


def test_an_edit_of_the_slots_leaves_gateways_as_they_are(nodes, client, registry):
    gateways = nodes.processes(0, "gateway")

    registry(count=2)
    until(lambda: len(slots(client)) == 2, what="a slot less")

    assert gateways
    assert nodes.processes(0, "gateway") == gateways
    assert ask(client, "maths").status_code == 200


def test_a_slot_that_no_node_has_room_for_says_what_it_lacks(nodes, client, registry):
    registry(count=6)

    told = until(lambda: lacking(client), what="a slot that waits for a node")

    assert 'it needs {"CPU": 1}, and nothing is free' in told[0]
    assert ask(client, "maths").status_code == 200


def lacking(client) -> list[str]:
    details = [slot["detail"] for slot in slots(client).values()]
    return [one for one in details if one.startswith("no node has room")]
