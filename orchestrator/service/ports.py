"""Ports: every one is bound once, as a test, before anything starts.

Ray and HAProxy report a busy port late and far from its cause (a raylet that exits, a proxy that
never answers), so the service chooses and tests all of them first. What is private is taken below
the kernel's range for outgoing connections, where no connection can take it in between. What
starts at the same moment is given a range of its own (`ORCHESTRATOR_PRIVATE_PORTS`), since a port
that was tested is bound only when its process is up.
"""

from __future__ import annotations

import errno
import os
import random
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from orchestrator.errors import SetupError

LOOPBACK = "127.0.0.1"
#: What every process that starts a node of Ray reads by itself: `LOW-HIGH`, both included.
VARIABLE = "ORCHESTRATOR_PRIVATE_PORTS"
PRIVATE = "20000-31999"
#: Fewer have no room for the gateways beside what one or another program of the machine holds.
_FEWEST = 256
#: Gateways get their ports from a block: one each, and one for each restart within the minutes
#: that Serve keeps a freed port out of use.
_GATEWAY_BLOCK = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Every port of one service, all free a moment ago."""

    http: int
    redis: int
    haproxy_metrics: int
    haproxy_stats: int
    fallback_proxy: int
    gateways_first: int
    gateways_last: int
    gcs: int
    node: int
    objects: int
    ray_client: int
    agent_http: int
    agent_grpc: int
    runtime_env: int
    ray_metrics: int
    dashboard: int
    dashboard_metrics: int
    autoscaler_metrics: int


def choose(host: str, port: int) -> Ports:
    """Test `port` on `host` and choose free private ports on loopback.

    Raises:
        SetupError: `port` is busy or not ours to take, or too few private ports are free, or
            the environment names no range of them.
    """
    require_free(host, port)
    among = span(os.environ.get(VARIABLE, PRIVATE))
    first = _free_block(_GATEWAY_BLOCK, among=among, avoid=port)
    block = range(first, first + _GATEWAY_BLOCK)
    names = tuple(name for name in Ports.__slots__ if name not in _GIVEN)
    free = _free(len(names), among=among, avoid=(port, *block))
    private = dict(zip(names, free, strict=True))
    return Ports(http=port, gateways_first=first, gateways_last=block[-1], **private)


_GIVEN = frozenset({"http", "gateways_first", "gateways_last"})


def span(text: str) -> range:
    """The ports that `LOW-HIGH` names.

    Raises:
        SetupError: it names none, or too few.
    """
    found = re.fullmatch(r"(\d+)-(\d+)", text)
    low, high = (int(found[1]), int(found[2])) if found else (0, 0)
    if low >= 1024 and low + _FEWEST - 1 <= high <= 65_535:
        return range(low, high + 1)
    raise SetupError(
        f"setting 'private_ports' is {text!r}: it is LOW-HIGH, such as {PRIVATE!r}, "
        f"{_FEWEST} ports at least, between 1024 and 65535"
    )


def require_free(host: str, port: int) -> None:
    """Bind `host`:`port` once.

    Raises:
        SetupError: it cannot be bound; says why and what to do.
    """
    try:
        _bind(host, port).close()
    except OSError as exc:
        raise SetupError(_reason(host, port, exc)) from exc


def _reason(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use: stop what listens there, "
            f"or choose another with `--port` (`make serve PORT={port + 1}`)"
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has: choose one over 1023"
    return f"{host}:{port} cannot be bound: {os.strerror(error.errno or 0)}"


def _bind(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # As HAProxy does: a port whose last connections linger in TIME_WAIT is free.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(1)
    except OSError:
        sock.close()
        raise
    return sock


def _free(count: int, *, among: range, avoid: tuple[int, ...]) -> Iterator[int]:
    """`count` ports, all held at once so that none is chosen twice."""
    candidates = [port for port in among if port not in avoid]
    random.shuffle(candidates)
    with ExitStack() as held:
        found = 0
        for port in candidates:
            if found == count:
                return
            try:
                held.enter_context(_bind(LOOPBACK, port))
            except OSError:
                continue
            found += 1
            yield port
    raise SetupError(f"fewer than {count} free ports in {among.start}-{among.stop - 1}")


def _free_block(size: int, *, among: range, avoid: int) -> int:
    starts = list(range(among.start, among.stop - size + 1, size))
    random.shuffle(starts)
    for start in starts:
        block = range(start, start + size)
        if avoid in block:
            continue
        if all(_is_free(port) for port in block):
            return start
    raise SetupError(f"no {size} free ports in a row in {among.start}-{among.stop - 1}")


def _is_free(port: int) -> bool:
    try:
        _bind(LOOPBACK, port).close()
    except OSError:
        return False
    return True
