"""Our service as a process: with the shipped registry, or with every expert behind the echo."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.process import BenchError, Running, answers, free_port, start
from orchestrator.registry.document import read

START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 60.0
_SERVE = "import sys; from orchestrator.cli.main import main; sys.exit(main())"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running service."""

    url: str
    process: Running


def start_service(
    registry: Path, *, gateways: int, folder: Path, environment: Mapping[str, str] | None = None
) -> Service:
    """Start the service and wait until it is ready.

    Raises:
        BenchError: it did not come up.
    """
    port = free_port()
    argv = [sys.executable, "-c", _SERVE, "serve", "--registry", str(registry)]
    argv += ["--port", str(port), "--gateways", str(gateways)]
    env = {"ORCHESTRATOR_DATA_DIR": str(folder / f"data-{port}"), **(environment or {})}
    url = f"http://127.0.0.1:{port}"
    process = start(argv, log=folder / f"service-{port}.log", env=env)
    try:
        process.wait_until(lambda: answers(f"{url}/readyz"), timeout_s=START_TIMEOUT_S)
    except BenchError:
        process.stop()
        raise
    return Service(url=url, process=process)


def read_registry(path: Path) -> dict[str, Any]:
    """The registry file as plain values.

    Raises:
        BenchError: it cannot be read; the message says why.
    """
    document = read(path)
    if document.faults or not isinstance(document.value, dict):
        raise BenchError("\n".join(["there is no registry:", *map(str, document.faults)]))
    return document.value


def write_echo_registry(source: Path, *, upstream: str, to: Path) -> Path:
    """Write `source` with the same experts, routers and compositions, all behind `upstream`.

    Routing costs what it costs with the shipped registry; generating costs nothing.
    """
    content = read_registry(source)
    engine = {"kind": "openai", "base_url": f"{upstream}/v1", "model": "echo"}
    content["experts"] = [{"id": expert["id"], "engine": engine} for expert in content["experts"]]
    for router in content.get("routers", {}).values():
        router["artifact"] = str((source.parent / router["artifact"]).resolve())
    to.write_text(json.dumps(content, indent=1))  # which YAML holds as well
    return to
