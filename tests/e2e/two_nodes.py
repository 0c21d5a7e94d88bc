"""A Ray cluster of two nodes on this machine, each begun by `ray start` as on one of its own."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from orchestrator.service.node_environment import node_environment
from orchestrator.service.ports import LOOPBACK, choose
from tests.faults.killers import deployment_in
from tests.free_ports import free_port

ROOT = Path(__file__).parents[2]
_LAUNCH = "from ray.scripts.scripts import main; main()"


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoNodes:
    """As a test uses it."""

    address: str
    #: What a process needs to join.
    env: dict[str, str]
    http: int
    #: Where the head takes the configuration of Serve, as KubeRay hands it over.
    dashboard: str
    #: Its head node, and the one beside it.
    nodes: list[subprocess.Popen[bytes]]
    join: Callable[[], subprocess.Popen[bytes]]

    def workers(self, node: int) -> set[str]:
        """Slots whose worker runs on the node of this number."""
        return {name.removeprefix("slot-") for name in self.processes(node, "slot-").values()}

    def processes(self, node: int, deployment: str) -> dict[int, str]:
        """Replicas on the node of this number whose deployment begins so: id and deployment."""
        family = psutil.Process(self.nodes[node].pid).children(recursive=True)
        named = {one.pid: deployment_in(" ".join(_cmdline(one))) for one in family}
        return {pid: name for pid, name in named.items() if name and name.startswith(deployment)}

    def replace(self, node: int) -> None:
        """Have another one join in the place of one that was killed."""
        self.nodes[node] = self.join()

    def kill(self, node: int) -> None:
        """As a machine that loses its power."""
        family = psutil.Process(self.nodes[node].pid)
        for one in [*family.children(recursive=True), family]:
            one.kill()
        self.nodes[node].wait()


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@contextmanager
def two_nodes(*, cpus: int) -> Iterator[TwoNodes]:
    """Two nodes of so many CPUs each; all their processes end with the block."""
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="r-", dir="/tmp")))
        ports = choose(LOOPBACK, free_port())
        env = os.environ | node_environment(folder / "haproxy", host=LOOPBACK) | {
            "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_SERVE_HAPROXY_METRICS_PORT": str(ports.haproxy_metrics),
            "RAY_SERVE_HAPROXY_STATS_PORT": str(ports.haproxy_stats),
            "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(ports.fallback_proxy),
            "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(ports.gateways_first),
            "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(ports.gateways_last),
            # It says what a replica waits for after 30 s otherwise.
            "RAY_SERVE_SLOW_STARTUP_WARNING_S": "3",
            "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        address = f"{LOOPBACK}:{ports.gcs}"
        names = iter("abc")

        def join(*which: str) -> subprocess.Popen[bytes]:
            which = which or (f"--address={address}", "--labels=zone=beside")
            # Both have one address here.
            own = env | {"ORCHESTRATOR_METRICS_PORT": str(free_port())}
            return _node(undo, folder / next(names), own, *which, cpus=cpus)

        head = join(
            "--head", f"--port={ports.gcs}", f"--dashboard-port={ports.dashboard}",
            f"--dashboard-host={LOOPBACK}",
        )  # fmt: skip
        yield TwoNodes(
            address=address, env=env, http=ports.http, nodes=[head, join()], join=join,
            dashboard=f"http://{LOOPBACK}:{ports.dashboard}",
        )  # fmt: skip


def _node(
    undo: ExitStack, folder: Path, env: dict[str, str], *which: str, cpus: int
) -> subprocess.Popen[bytes]:
    folder.mkdir()
    log = undo.enter_context((folder / "out").open("wb"))
    node = subprocess.Popen(
        [
            sys.executable, "-c", _LAUNCH, "start", *which, "--block", "--disable-usage-stats",
            f"--node-ip-address={LOOPBACK}", f"--num-cpus={cpus}", f"--temp-dir={folder}",
            "--object-store-memory=100000000", "--min-worker-port=0", "--max-worker-port=0",
            "--log-color=false", f"--dashboard-agent-listen-port={free_port()}",
        ],
        cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    undo.callback(_end, node)
    return node


def _end(node: subprocess.Popen[bytes]) -> None:
    if node.poll() is None:
        family = psutil.Process(node.pid).children(recursive=True)
        node.terminate()
        _, late = psutil.wait_procs([*family, psutil.Process(node.pid)], timeout=3)
        for one in late:
            one.kill()
        node.wait()
