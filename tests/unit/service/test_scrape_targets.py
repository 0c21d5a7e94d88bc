"""Prometheus finds the exporters of each start in a file."""

import json
from pathlib import Path

import yaml

from orchestrator.service.ports import choose
from orchestrator.service.scrape_targets import NAME, write_targets

CONFIG = Path(__file__).parents[3] / "deploy" / "observability" / "prometheus.yml"


def test_the_file_of_the_last_start_is_replaced_by_this_ones_ports(tmp_path):
    (tmp_path / NAME).write_text("[]")
    ports = choose("127.0.0.1", 19_731)

    write_targets(tmp_path, ports)

    told = json.loads((tmp_path / NAME).read_text())
    where = {one["labels"]["exporter"]: one["targets"] for one in told}
    assert where["haproxy"] == [f"127.0.0.1:{ports.haproxy_metrics}"]
    assert where["ray"] == [f"127.0.0.1:{ports.ray_metrics}"]
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_the_scrape_config_names_that_file():
    exporters = yaml.safe_load(CONFIG.read_text())["scrape_configs"][1]

    assert exporters["file_sd_configs"][0]["files"][0].endswith(f"/{NAME}")
