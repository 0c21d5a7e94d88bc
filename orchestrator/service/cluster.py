"""One private Ray node: its command line and its environment.

`ray start --block` rather than `ray.init`: only its command line has an option for every port, and
its processes are then one child that dies with the service. Two services on one host share no
port, no folder and no token.
"""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from orchestrator.service import before_imports
from orchestrator.service.children import Program
from orchestrator.service.ports import LOOPBACK, Ports

#: Which HAProxy Serve runs.
BINARY = "RAY_SERVE_HAPROXY_BINARY_PATH"
#: Calls and answers of some kilobytes travel inline; nothing of ours fills the object store.
_OBJECT_STORE_BYTES = 100 * 2**20
#: Ray counts these only to place actors; every deployment asks for next to nothing, since slots
#: are what limits a host.
_LOGICAL_CPUS = 1024

#: In the environment of a replica whose callers are all on this machine.
PRIVATE = "_ORCHESTRATOR_PRIVATE"

#: Ray's own entry point, ended by the kernel when the service dies (PR_SET_PDEATHSIG is 1).
_LAUNCH = (
    "import ctypes, signal; ctypes.CDLL(None).prctl(1, signal.SIGTERM); "
    "from ray.scripts.scripts import main; main()"
)
#: Stay in the foreground; no reports to Ray's makers; no autoscaler on one node.
_SWITCHES = ("--block", "--disable-usage-stats", "--no-monitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSize:
    """What a Ray node has to give."""

    #: What it says it has.
    num_cpus: int = _LOGICAL_CPUS
    object_store_bytes: int = _OBJECT_STORE_BYTES
    #: Where the store puts what it has no room for; below the node's folder by default.
    spill: Path | None = None


def environment(ports: Ports, folder: Path, *, haproxy: Path) -> dict[str, str]:
    """What must be in the environment of every process of Ray, before Ray is imported.

    Args:
        ports: the private ports of this service.
        folder: short and private; unix sockets lie under it (108 characters at most).
        haproxy: the wrapper of `haproxy.install`.
    """
    home = folder / "haproxy"
    return {
        **ray_environment(ports),
        # Of this node alone: on a cluster others run, too.
        **before_imports.ENVIRONMENT,
        **serve_environment(haproxy),
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(ports.gateways_first),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(ports.gateways_last),
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(ports.fallback_proxy),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(ports.haproxy_metrics),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(ports.haproxy_stats),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(home / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(home / "admin.sock"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(home / "metrics.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(home),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(home / "server-state"),
    }


def serve_environment(haproxy: Path) -> dict[str, str]:
    """The part of it that Serve needs on every node, whosever Ray it is.

    Args:
        haproxy: the wrapper of `haproxy.install`.
    """
    return {
        # p50 0.8 ms instead of 11.5 ms, 1,511 requests a second instead of 135.
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        BINARY: str(haproxy),
        # 30 s by default, which no stop within 15 s survives.
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
        # As long as a gateway that is replaced takes to end its answers: 120 s would cut them.
        "RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S": "600",
        # There is one application: whoever inherits a port of a gateway is a gateway, too.
        "RAY_SERVE_PORT_QUARANTINE_S": "0",
    }


def ray_environment(ports: Ports) -> dict[str, str]:
    """The part of it that any private Ray node needs, whatever runs on it."""
    return {
        # Ray resolves 127.0.0.1 to the host's address unless clusters are off: then every server
        # of Ray listens on loopback only.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        # Other users of this host reach loopback too.
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray's own (ray_*) are off: with them a gateway kept 60 to 90 bytes of each request. What
        # operators need the service counts itself.
        "RAY_enable_metrics_collection": "0",
        "RAY_DEDUP_LOGS": "0",
        "AUTOSCALER_METRIC_PORT": str(ports.autoscaler_metrics),
        "DASHBOARD_METRIC_PORT": str(ports.dashboard_metrics),
    }


def program(ports: Ports, folder: Path, *, log: Path, size: NodeSize | None = None) -> Program:
    """The Ray node as a program to run, in this process's environment.

    Args:
        ports: its private ports.
        folder: short and private, see `environment`.
        log: where its output goes.
        size: what it has; what a service needs by default.
    """
    size = size or NodeSize()
    options = {
        "node-ip-address": LOOPBACK,
        "port": ports.gcs,
        "node-manager-port": ports.node,
        "object-manager-port": ports.objects,
        "ray-client-server-port": ports.ray_client,
        "dashboard-agent-listen-port": ports.agent_http,
        "dashboard-agent-grpc-port": ports.agent_grpc,
        "runtime-env-agent-port": ports.runtime_env,
        "metrics-export-port": ports.ray_metrics,
        "dashboard-port": ports.dashboard,
        # Workers bind port 0 and report what they got: no range to collide in.
        "min-worker-port": 0,
        "max-worker-port": 0,
        "num-cpus": size.num_cpus,
        "object-store-memory": size.object_store_bytes,
        "temp-dir": folder,
        "include-dashboard": "false",
        "include-log-monitor": "false",
        "log-color": "false",
    }
    if size.spill is not None:
        options["object-spilling-directory"] = size.spill
    launch = [sys.executable, "-c", _LAUNCH]
    flags = [f"--{name}={value}" for name, value in options.items()]
    return Program(
        name="Ray",
        command=[*launch, "start", "--head", *_SWITCHES, *flags],
        log=log,
    )
