"""Port, disks, Redis, and what an earlier service may have left."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestrator.checkpoints.library import Library
from orchestrator.cli.doctor_findings import Finding, at_least
from orchestrator.errors import MissingExtraError, SetupError
from orchestrator.store.server import find_redis_server

_GIB = 2**30
_PROC = Path("/proc")
_OF_RAY = ("raylet", "gcs_server")
_TIMEOUT_S = 3.0


def surrounding_findings(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Port, disks, Redis, Ray."""
    yield port_finding(environ.get("ORCHESTRATOR_HOST") or "127.0.0.1", _port(environ))
    yield _models_finding(environ)
    yield _disk("data", Path(environ.get("ORCHESTRATOR_DATA_DIR") or "data"))
    yield redis_finding(environ.get("ORCHESTRATOR_STORE_URL"))
    yield ray_finding(list(_processes_of_ray()))


def port_finding(host: str, port: int) -> Finding:
    """Whether the endpoint could listen."""
    try:
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
    except (OSError, OverflowError) as exc:
        todo = f"give `orchestrator serve` another --port, or end what has {port}"
        return Finding(name="port", state="warn", said=f"{host}:{port}: {exc}", todo=todo)
    return Finding(name="port", state="ok", said=f"{host}:{port} is free")


def redis_finding(url: str | None) -> Finding:
    """Whether the store answers, or the service can start its own."""
    if not url:
        try:
            find_redis_server()
        except MissingExtraError as exc:
            return Finding(name="redis", state="warn", said="none to start", todo=str(exc))
        return Finding(name="redis", state="ok", said="none given: a service starts its own")
    try:
        import redis
    except ModuleNotFoundError:
        todo = "pip install 'orchestrator[serve]'"
        return Finding(name="redis", state="warn", said="its client is not installed", todo=todo)
    try:
        with redis.Redis.from_url(
            url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError) as exc:
        todo = "start it, or set ORCHESTRATOR_STORE_URL to one that answers"
        return Finding(name="redis", state="fail", said=f"does not answer: {exc}", todo=todo)
    return Finding(name="redis", state="ok", said="the one of ORCHESTRATOR_STORE_URL answers")


def ray_finding(processes: list[int]) -> Finding:
    """Whether processes of Ray run already."""
    if not processes:
        return Finding(name="ray", state="ok", said="nothing of it runs")
    told = ", ".join(map(str, sorted(processes)[:8]))
    return Finding(
        name="ray",
        state="warn",
        said=f"{len(processes)} of its processes run: {told}",
        todo="they are of another service, or were left by one that was killed: end those by kill",
    )


def _models_finding(environ: Mapping[str, str]) -> Finding:
    try:
        return _disk("models", Library.of(environ).folder)
    except SetupError as exc:
        return Finding(name="disk of models", state="fail", said=exc.message)


def _disk(name: str, folder: Path) -> Finding:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    if not os.access(there, os.W_OK):
        todo = "give another folder: ORCHESTRATOR_DATA_DIR, ORCHESTRATOR_MODELS_DIR"
        said = f"{there} cannot be written"
        return Finding(name=f"disk of {name}", state="fail", said=said, todo=todo)
    return at_least(
        *(f"disk of {name}", shutil.disk_usage(there).free / _GIB),
        unit=f"GiB free at {there}",
        warn=10.0,
        fail=0.5,
        todo="`orchestrator models gc` frees what no expert needs",
    )


def _port(environ: Mapping[str, str]) -> int:
    given = environ.get("ORCHESTRATOR_PORT", "")
    return int(given) if given.isdigit() else 8000


def _processes_of_ray() -> Iterator[int]:
    """Processes whose program is Ray's, by Linux's account of them."""
    for folder in _PROC.glob("[0-9]*"):
        try:
            program = (folder / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
        except OSError:
            continue  # it has ended
        if Path(program).name in _OF_RAY:
            yield int(folder.name)
