"""Tells Prometheus where exporters are: those of one machine, or each node's of a cluster."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from orchestrator.service.ports import LOOPBACK, Ports

#: In the service's data folder, in the form of Prometheus' `file_sd_configs`.
NAME = "scrape.json"
#: Nodes are no endpoint: one without a worker does not answer, and nobody is to be paged for it.
NODES_JOB = "orchestrator-nodes"


class Target(TypedDict):
    """One entry, as Prometheus reads it."""

    targets: list[str]
    labels: dict[str, str]


def write_targets(folder: Path, ports: Ports) -> None:
    """Write the file of this start over that of the last one, as a whole.

    Args:
        folder: the service's data folder.
        ports: as chosen for this start.
    """
    exporters = {
        "haproxy": ports.haproxy_metrics,
        "ray-dashboard": ports.dashboard_metrics,
    }
    _write(folder, [_target(f"{LOOPBACK}:{port}", name) for name, port in exporters.items()])


def write_nodes(folder: Path, nodes: Iterable[str]) -> None:
    """Write the file of a cluster anew, where other nodes export than it says.

    Args:
        folder: the data folder of the head node.
        nodes: host:port of each node that exports.
    """
    told = [_target(node, "node", job=NODES_JOB) for node in sorted(set(nodes))]
    if _text(told) != _standing(folder):
        _write(folder, told)


def _target(address: str, exporter: str, **labels: str) -> Target:
    return {"targets": [address], "labels": {"exporter": exporter, **labels}}


def _standing(folder: Path) -> str:
    try:
        return (folder / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _text(told: list[Target]) -> str:
    return json.dumps(told, indent=1) + "\n"


def _write(folder: Path, told: list[Target]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / f".{NAME}.new"
    written.write_text(_text(told), encoding="utf-8")
    written.replace(folder / NAME)
