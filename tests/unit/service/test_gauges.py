"""Gauges of processes that are gone."""

import os
import signal
import subprocess
import sys

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from orchestrator.service.gauges import forget_dead

WORKER = """
import os, signal
from orchestrator import metrics
metrics.QUEUE_LENGTH.labels(slot="local").set(3)
metrics.BATCH_LINES.labels(outcome="done").inc(2)
metrics.SWAP_SECONDS.labels(slot="local", kind="swap").observe(0.2)
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_worker(folder) -> None:
    """A process that waits with three calls, and is killed."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    ended = subprocess.run([sys.executable, "-c", WORKER], env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL


def scraped(folder) -> dict[str, float]:
    """What `/metrics` sums over all processes."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))
    return {one.name: one.value for metric in registry.collect() for one in metric.samples}


def test_only_live_gauges_of_dead_processes_are_forgotten(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    kept = {f"gauge_livesum_{os.getpid()}.db", f"counter_{dead.pid}.db"}
    for name in {*kept, f"gauge_livesum_{dead.pid}.db"}:
        (tmp_path / name).touch()

    forget_dead(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == kept


def test_a_killed_workers_queue_is_scraped_no_more_and_what_it_counted_is(tmp_path):
    for _ in range(2):
        killed_worker(tmp_path)
    before = scraped(tmp_path)

    forget_dead(tmp_path)
    after = scraped(tmp_path)

    assert before["orchestrator_queue_length"] == 6
    assert "orchestrator_queue_length" not in after
    assert after["orchestrator_batch_lines_total"] == 4
    assert after["orchestrator_swap_seconds_count"] == 2
