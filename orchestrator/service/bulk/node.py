"""The Ray that rows are routed on: one of this machine for the time of a job, or a cluster."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestrator.errors import SetupError
from orchestrator.service import cluster, ports
from orchestrator.service.children import Child
from orchestrator.service.ports import LOOPBACK, Ports

_START_S = 60.0
_STOP_S = 4.0
_POLL_S = 0.05
#: Blocks travel as their names and what came of them: hundreds of bytes each.
_OBJECT_STORE_BYTES = 80 * 2**20
#: Ray reads its own when it is imported; its warnings are for who writes Ray programs.
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    # A dozen processes with an arena a core each: 50 MiB that nobody uses.
    "MALLOC_ARENA_MAX": "1",
}


@contextmanager
def joined(address: str | None, *, num_workers: int, spill: Path | None) -> Iterator[None]:
    """This process is part of a Ray for the time of the block.

    Args:
        address: of a cluster; `None` starts a node of this machine alone, on private ports.
        num_workers: processes that route, on a node that is started.
        spill: where its object store puts what it has no room for.

    Raises:
        SetupError: it does not start, or the cluster does not take this process in.
    """
    if address is not None:
        with _environment(_SETTINGS), _silenced(), _connected(address):
            yield
        return
    chosen = ports.choose(LOOPBACK, _any_port())
    with _private_folder() as folder, _environment(_SETTINGS | cluster.ray_environment(chosen)):
        node = Child(
            cluster.program(
                chosen,
                folder,
                log=folder / "ray.log",
                size=cluster.NodeSize(
                    num_cpus=num_workers, object_store_bytes=_OBJECT_STORE_BYTES, spill=spill
                ),
            )
        )
        try:
            _await(node, chosen)
            with _silenced(), _connected(f"{LOOPBACK}:{chosen.gcs}", node_ip=LOOPBACK):
                yield
        finally:
            node.stop(within_s=_STOP_S)


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A short path: the names of Ray's sockets under it may have 108 characters in all."""
    with TemporaryDirectory(prefix="orc-", dir="/tmp", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def _environment(added: Mapping[str, str]) -> Iterator[None]:
    """What is started later, a service among it, has an environment of its own."""
    before = dict(os.environ)
    os.environ.update(added)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _silenced() -> Iterator[None]:
    """What is printed, by Ray's C++ too, goes nowhere; whoever tells has a descriptor of its own.

    It would stand in the middle of a bar, or of JSON. Ray keeps it in its own logs as well.
    """
    numbers = (1, 2)
    kept = [os.dup(number) for number in numbers]
    try:
        _flush()
        with Path(os.devnull).open("wb") as nowhere:
            for number in numbers:
                os.dup2(nowhere.fileno(), number)
        yield
    finally:
        _flush()
        for number, descriptor in zip(numbers, kept, strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


@contextmanager
def _connected(address: str, *, node_ip: str | None = None) -> Iterator[None]:
    import logging

    import ray  # here, since it reads its environment when it is imported
    from ray.exceptions import RayError

    own = {} if node_ip is None else {"_node_ip_address": node_ip}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **own)
    except (ConnectionError, RayError, RuntimeError, ValueError) as exc:
        raise SetupError(f"Ray at {address!r} does not take this process in: {exc}") from exc
    try:
        yield
    finally:
        ray.shutdown()


def _await(node: Child, chosen: Ports) -> None:
    deadline_s = time.monotonic() + _START_S
    for port in (chosen.gcs, chosen.node):
        while not _accepts(port):
            node.require_alive()
            if time.monotonic() > deadline_s:
                raise SetupError(f"Ray did not start within {_START_S:.0f} s")
            time.sleep(_POLL_S)


def _accepts(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1.0)
        return sock.connect_ex((LOOPBACK, port)) == 0


def _any_port() -> int:
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        port: int = found.getsockname()[1]
        return port
