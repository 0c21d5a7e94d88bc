"""Prometheus finds the exporters of each start in a file."""

import json
from pathlib import Path

import yaml

from orchestrator.service.ports import choose
from orchestrator.service.scrape_targets import NAME, NODES_JOB, write_nodes, write_targets

CONFIG = Path(__file__).parents[3] / "deploy" / "observability" / "prometheus.yml"


def test_the_file_of_the_last_start_is_replaced_by_this_ones_ports(tmp_path):
    (tmp_path / NAME).write_text("[]")
    ports = choose("127.0.0.1", 19_731)

    write_targets(tmp_path, ports)

    told = json.loads((tmp_path / NAME).read_text())
    where = {one["labels"]["exporter"]: one["targets"] for one in told}
    assert where == {
        "haproxy": [f"127.0.0.1:{ports.haproxy_metrics}"],
        "ray-dashboard": [f"127.0.0.1:{ports.dashboard_metrics}"],
    }
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_the_scrape_config_names_that_file():
    exporters = yaml.safe_load(CONFIG.read_text())["scrape_configs"][1]

    assert exporters["file_sd_configs"][0]["files"][0].endswith(f"/{NAME}")


def test_each_node_of_a_cluster_is_told_once_by_a_job_of_their_own(tmp_path):
    folder = tmp_path / "data"

    write_nodes(folder, ["10.0.0.2:9464", "10.0.0.1:9464", "10.0.0.2:9464"])

    told = json.loads((folder / NAME).read_text())
    assert [one["targets"] for one in told] == [["10.0.0.1:9464"], ["10.0.0.2:9464"]]
    assert [one["labels"] for one in told] == [{"exporter": "node", "job": NODES_JOB}] * 2


def test_a_file_that_says_so_already_is_left_alone(tmp_path):
    write_nodes(tmp_path, ["10.0.0.1:9464"])
    before = (tmp_path / NAME).stat().st_ino

    write_nodes(tmp_path, ["10.0.0.1:9464"])
    same = (tmp_path / NAME).stat().st_ino
    write_nodes(tmp_path, ["10.0.0.3:9464"])

    assert same == before
    assert "10.0.0.1" not in (tmp_path / NAME).read_text()
