"""The service on a Ray cluster of two nodes, one of which is killed under load."""

import json
import threading
from collections import Counter

import httpx
import pytest

from orchestrator.service.ports import LOOPBACK
from orchestrator.store.server import RedisServer
from tests.e2e.two_nodes import two_nodes
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
def arguments(folder):
    return {
        "registry": str(folder / "experts.yaml"), "keys": "off", "gateways": 2,
        "storage_url": str(folder / "batches"), "data_dir": str(folder / "data"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def nodes(folder, registry, arguments):
    registry()
    port = free_port()
    with two_nodes(cpus=2) as nodes, RedisServer(folder / "redis", port=port) as redis:
        arguments["store_url"] = redis.url
        until(lambda: takes_configurations(nodes), what="a dashboard")
        deploy(nodes, arguments)
        until(lambda: told_to_kube_ray(nodes) == {"deployer": "RUNNING"}, what="a service")
        yield nodes


#: What KubeRay asks, every few seconds.
STATUS = "/api/serve/applications/?api_type=declarative"


def kube_ray(nodes) -> httpx.Client:
    """The operator, as the head's dashboard knows it."""
    token = nodes.env["RAY_AUTH_TOKEN"]
    return httpx.Client(
        base_url=nodes.dashboard, headers={"x-ray-authorization": f"Bearer {token}"}, timeout=60
    )  # fmt: skip


def takes_configurations(nodes) -> bool:
    try:
        return told_to_kube_ray(nodes) == {}
    except httpx.TransportError:
        return False


def deploy(nodes, arguments) -> None:
    """As KubeRay hands `serveConfigV2` over."""
    application = {
        "name": "deployer", "import_path": "tests.e2e.scripted_cluster:application",
        "route_prefix": None, "args": arguments,
    }  # fmt: skip
    config = {
        "http_options": {"host": LOOPBACK, "port": nodes.http}, "proxy_location": "HeadOnly",
        "applications": [application],
    }  # fmt: skip
    with kube_ray(nodes) as client:
        taken = client.put("/api/serve/applications/", json=config)
    assert taken.status_code == 200, taken.text


def told_to_kube_ray(nodes) -> dict[str, str]:
    """Application -> its status, of those that KubeRay takes for its own."""
    with kube_ray(nodes) as client:
        told = client.get(STATUS)
    assert told.status_code == 200, told.text
    return {name: one["status"] for name, one in told.json()["applications"].items()}


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


def test_workers_of_another_node_are_found_and_scraped_there(nodes, folder):
    told = until(lambda: exporters(folder), what="both nodes in the file for scrapers")
    scraped = [httpx.get(f"http://{one}/metrics").text for one in told]

    for node in (0, 1):
        for slot in nodes.workers(node):
            assert any(f'orchestrator_queue_length{{slot="{slot}"}}' in one for one in scraped)


def exporters(folder) -> list[str]:
    """Where both nodes export; nothing while fewer or more are told."""
    try:
        told = json.loads((folder / "data" / "scrape.json").read_text())
    except FileNotFoundError:
        return []
    return [one["targets"][0] for one in told] if len(told) == 2 else []


def test_an_edit_of_the_slots_leaves_gateways_as_they_are(nodes, client, registry):
    gateways = nodes.processes(0, "gateway")

    registry(count=2)
    until(lambda: len(slots(client)) == 2, what="a slot less")

    assert gateways
    assert nodes.processes(0, "gateway") == gateways
    assert ask(client, "maths").status_code == 200
    assert told_to_kube_ray(nodes) == {"deployer": "RUNNING"}


def test_changed_settings_replace_gateways_without_a_failed_request_and_no_worker(
    nodes, client, arguments
):
    before = nodes.processes(0, "gateway")
    ready = until(lambda: hosting(client), what="slots that are ready")
    found = nodes.processes(0, "slot-")  # among them one that the edit before takes away
    workers = {pid: name for pid, name in found.items() if name.removeprefix("slot-") in ready}

    with Asking(client) as asking:
        until(lambda: asking.statuses[200] > 20, what="answers")
        deploy(nodes, {**arguments, "max_output_tokens": 7})
        until(lambda: len(fresh(nodes, before)) == 2, what="two other gateways")
        until(lambda: len(nodes.processes(0, "gateway")) == 2, what="an end of those before")
        told = asking.statuses[200]
        until(lambda: asking.statuses[200] > told + 20, what="answers of the others")

    assert set(asking.statuses) == {200}
    assert workers
    assert workers.items() <= nodes.processes(0, "slot-").items()
    until(lambda: told_to_kube_ray(nodes) == {"deployer": "RUNNING"}, what="a service")


def fresh(nodes, before) -> set[int]:
    """Gateways that were not there before."""
    return nodes.processes(0, "gateway").keys() - before.keys()


def test_a_slot_runs_where_its_labels_are_and_says_which_no_node_has(nodes, client, registry):
    registry(count=1, label_selector={"zone": "beside"})
    until(lambda: set(hosting(client)) == {"local@zone=beside"}, what="a slot at the label")
    assert "local@zone=beside" in nodes.workers(1)

    registry(count=1, label_selector={"zone": "moon"})
    told = until(lambda: lacking(client), what="a slot that waits for a label")

    assert "no node has the label 'zone=moon' yet: those with that label have ['beside']" in told
    assert ask(client, "maths").status_code == 200


def test_a_slot_that_no_node_has_room_for_says_what_it_lacks(nodes, client, registry):
    registry(count=6)

    until(
        lambda: any('it needs {"CPU": 1}, and nothing is free' in one for one in lacking(client)),
        what="a slot that waits for a node",
    )

    assert ask(client, "maths").status_code == 200


def lacking(client) -> list[str]:
    details = [slot["detail"] for slot in slots(client).values()]
    return [one for one in details if one.startswith("no node has")]
