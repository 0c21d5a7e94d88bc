"""Makes grafana/orchestrator.json of panels.yaml: `python deploy/observability/dashboard.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
MADE = FOLDER / "grafana" / "orchestrator.json"
_WIDTH, _HEIGHT, _COLUMNS = 8, 7, 3
_SOURCE = {"type": "prometheus", "uid": "$source"}


def read() -> dict[str, Any]:
    """What panels.yaml has."""
    told: dict[str, Any] = yaml.safe_load((FOLDER / "panels.yaml").read_text(encoding="utf-8"))
    return told


def dashboard(told: dict[str, Any]) -> dict[str, Any]:
    """The dashboard that Grafana imports."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, drawn in told["sections"].items():
        panels.append(_row(title, y=y))
        y += 1
        for place, panel in enumerate(drawn):
            at = {"x": place % _COLUMNS * _WIDTH, "y": y + place // _COLUMNS * _HEIGHT}
            panels.append(_panel(panel, at | {"w": _WIDTH, "h": _HEIGHT}))
        y += -(-len(drawn) // _COLUMNS) * _HEIGHT
    numbered = [{"id": number, **panel} for number, panel in enumerate(panels, 1)]
    return {
        "uid": "orchestrator",
        "title": "Orchestrator",
        "tags": ["orchestrator"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": _variables()},
        "panels": numbered,
    }


def _variables() -> list[dict[str, Any]]:
    job = "label_values(orchestrator_requests_in_flight, job)"
    return [
        {"name": "source", "type": "datasource", "query": "prometheus", "label": "Source"},
        {
            "name": "job",
            "type": "query",
            "label": "Job",
            "datasource": _SOURCE,
            "query": {"query": job, "refId": "job"},
            "includeAll": True,
            "multi": True,
            "refresh": 2,
            "current": {"text": "All", "value": "$__all"},
        },
    ]


def _row(title: str, *, y: int) -> dict[str, Any]:
    place = {"x": 0, "y": y, "w": _WIDTH * _COLUMNS, "h": 1}
    return {"type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}


def _panel(panel: dict[str, Any], place: dict[str, int]) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + n), "expr": expression, "legendFormat": legend}
        for n, (legend, expression) in enumerate(panel["draws"].items())
    ]
    return {
        "type": "timeseries",
        "title": panel["title"],
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel["unit"]}, "overrides": []},
        "targets": targets,
    }


if __name__ == "__main__":
    MADE.parent.mkdir(exist_ok=True)
    MADE.write_text(json.dumps(dashboard(read()), indent=1) + "\n", encoding="utf-8")
