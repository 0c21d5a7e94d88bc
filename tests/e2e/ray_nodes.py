"""A Ray cluster of three nodes on this machine, held by a process of its own.

`python -m tests.e2e.ray_nodes` prints the cluster's address and the processes of its second and
third node, and ends it when its input does.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class RayNodes:
    """The cluster as a test uses it."""

    address: str
    #: What a process needs to join.
    env: dict[str, str]
    #: Of each node but the first, the process whose death is the node's.
    raylets: tuple[psutil.Process, ...]


@contextmanager
def ray_nodes() -> Iterator[RayNodes]:
    """Three nodes with one CPU each; all their processes end with the block."""
    env = os.environ | {
        "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    holder = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.e2e.ray_nodes"], cwd=ROOT, env=env,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    with holder:
        try:
            assert holder.stdout is not None
            told = json.loads(next(line for line in holder.stdout if line.startswith("{")))
            raylets = tuple(psutil.Process(pid) for pid in told["raylets"])
            yield RayNodes(address=told["address"], env=env, raylets=raylets)
        finally:
            own = psutil.Process(holder.pid).children(recursive=True)
            assert holder.stdin is not None
            holder.stdin.close()
            psutil.wait_procs([*own, holder], timeout=30)
            for process in own:
                if process.is_running():
                    process.kill()


def works(raylet: psutil.Process) -> bool:
    """Whether a process on the node routes."""
    try:
        names = [" ".join(child.cmdline()) for child in raylet.children()]
    except psutil.Error:
        return False
    return any("RoutesBlocks" in name for name in names)


def _main() -> None:
    from ray.cluster_utils import Cluster

    store = {"object_store_memory": 80 * 2**20, "num_cpus": 1}
    cluster = Cluster(initialize_head=True, head_node_args={**store, "include_dashboard": False})
    nodes = [cluster.add_node(**store) for _ in range(2)]
    raylets = [node.all_processes["raylet"][0].process.pid for node in nodes]
    print(json.dumps({"address": cluster.address, "raylets": raylets}), flush=True)  # noqa: T201
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    _main()
