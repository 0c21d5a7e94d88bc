"""Tells Prometheus where the exporters of HAProxy and Ray are, whose ports each start chooses."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrator.service.ports import LOOPBACK, Ports

#: In the service's data folder, in the form of Prometheus' `file_sd_configs`.
NAME = "scrape.json"


def write_targets(folder: Path, ports: Ports) -> None:
    """Write the file of this start over that of the last one, as a whole.

    Args:
        folder: the service's data folder.
        ports: as chosen for this start.
    """
    exporters = {
        "haproxy": ports.haproxy_metrics,
        "ray": ports.ray_metrics,
        "ray-dashboard": ports.dashboard_metrics,
        "ray-autoscaler": ports.autoscaler_metrics,
    }
    told = [
        {"targets": [f"{LOOPBACK}:{port}"], "labels": {"exporter": name}}
        for name, port in exporters.items()
    ]
    written = folder / f".{NAME}.new"
    written.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    written.replace(folder / NAME)
