"""What the processes of a node count is had at one port of the node."""

import socket
import subprocess
import sys

import httpx
import pytest

from orchestrator.access.keys import digest_of
from orchestrator.errors import SetupError
from orchestrator.service.node_exporter import (
    ANYBODY,
    PORT,
    SCRAPERS,
    Export,
    NodeExporter,
    begin_export,
    export_of,
)
from tests.free_ports import free_port

KEY = "an-admin-key-of-36-letters-0123456789"
COUNTING = """
from orchestrator import metrics
metrics.BATCH_LINES.labels(outcome="done").inc(2)
"""


@pytest.fixture
def folder(tmp_path):
    """Of a node on which one process has counted."""
    subprocess.run(
        [sys.executable, "-c", COUNTING],
        env={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        check=True,
    )
    return tmp_path


@pytest.fixture
def export(folder):
    return Export(folder=folder, port=free_port(), digest=digest_of(KEY))


def scrape(exporter, key="", path="/metrics") -> httpx.Response:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx.get(f"http://{exporter.address}{path}", headers=headers)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_who_has_the_admin_key_sees_what_processes_of_the_node_counted(export, host):
    exporter = NodeExporter(export, host=host)
    told = scrape(exporter, KEY)
    exporter.close()

    assert told.headers["content-type"].startswith("text/plain")
    assert 'orchestrator_batch_lines_total{outcome="done"} 2.0' in told.text


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer another", "Bearer é", f"Basic {KEY}"])
def test_whoever_lacks_the_key_is_told_so_and_nothing_else(export, sent):
    exporter = NodeExporter(export, host="127.0.0.1")
    told = httpx.get(
        f"http://{exporter.address}/metrics",
        headers=[(b"authorization", sent.encode("latin-1"))],
    )
    exporter.close()

    assert (told.status_code, told.headers["www-authenticate"]) == (401, "Bearer")
    assert "orchestrator_" not in told.text


def test_other_paths_are_not_found(export):
    exporter = NodeExporter(export, host="127.0.0.1")
    told = scrape(exporter, KEY, "/")
    exporter.close()

    assert told.status_code == 404


def test_processes_share_the_port_and_one_that_ends_leaves_it_to_the_other(export):
    first, second = (NodeExporter(export, host="127.0.0.1") for _ in range(2))
    first.close()
    told = [scrape(second, KEY).status_code for _ in range(5)]
    second.close()

    assert told == [200] * 5


def test_a_port_that_something_else_has_is_told_and_no_reason_to_end(folder, caplog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment = {SCRAPERS: ANYBODY, PORT: str(port), "PROMETHEUS_MULTIPROC_DIR": str(folder)}
        exporter = begin_export("127.0.0.1", environment)

    assert exporter is None
    assert f"port {port} of 127.0.0.1" in caplog.text


def test_only_a_replica_of_a_cluster_exports_and_not_at_port_0(tmp_path):
    folder = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    assert export_of(folder) is None
    assert export_of({**folder, SCRAPERS: ANYBODY, PORT: "0"}) is None
    assert export_of({**folder, SCRAPERS: ANYBODY}) == Export(folder=tmp_path, port=9464)
    assert export_of({**folder, SCRAPERS: "abc"}).digest == "abc"


@pytest.mark.parametrize("text", ["", "-1", "http", "65536", "9464.5"])
def test_what_is_no_port_is_refused_by_its_name(text, tmp_path):
    with pytest.raises(SetupError, match=f"{PORT} is '{text}' on this node"):
        export_of({SCRAPERS: ANYBODY, PORT: text, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)})
