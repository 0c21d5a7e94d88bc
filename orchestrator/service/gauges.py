"""Gauges of processes that are gone."""

from __future__ import annotations

import re
from pathlib import Path

import psutil

_LIVE = re.compile(r"gauge_live[a-z]+_(\d+)\.db")


def forget_dead(folder: Path) -> None:
    """Delete what dead processes said about now; their counters stay counted.

    A killed worker's queue would else wait in the sum for as long as the service runs.

    Args:
        folder: of prometheus_client's files, one a process and kind of metric.
    """
    for path in folder.glob("gauge_live*.db"):
        named = _LIVE.fullmatch(path.name)
        if named and not psutil.pid_exists(int(named[1])):
            path.unlink(missing_ok=True)
