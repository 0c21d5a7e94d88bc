"""Gauges of processes that are gone."""

import os
import subprocess
import sys

from orchestrator.service.gauges import forget_dead


def test_only_live_gauges_of_dead_processes_are_forgotten(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    kept = {f"gauge_livesum_{os.getpid()}.db", f"counter_{dead.pid}.db"}
    for name in {*kept, f"gauge_livesum_{dead.pid}.db"}:
        (tmp_path / name).touch()

    forget_dead(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == kept
