"""From `make serve` to the first answer, and from SIGTERM to nothing left."""

from __future__ import annotations

import json
import os
import urllib.request
from statistics import median
from typing import Any

from bench.family import listened
from bench.process import BenchError, free_port, start
from bench.report import Outcome, Target
from bench.setup import Setup

NAME = "lifecycle"
TARGETS = (
    Target(name="lifecycle: make serve to the first answer", sense="<", limit=90, unit="s"),
    Target(name="lifecycle: SIGTERM to nothing left", sense="<", limit=15, unit="s"),
)
START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 60.0
QUESTION = "What is the capital of France?"


def measure(setup: Setup) -> Outcome:
    """Start and stop the installed service, `setup.rounds` times.

    Raises:
        BenchError: no answer came.
    """
    if not (setup.root / "Makefile").is_file():
        raise BenchError("there is no Makefile at the top of the tree")
    runs = [_once(setup, number) for number in range(setup.rounds)]
    start_s, stop_s = (median(run[key] for run in runs) for key in ("start_s", "stop_s"))
    left = [name for run in runs for name in run["left"]]
    rows = [
        ("make serve to the first answer, s", f"{start_s:.1f}"),
        ("SIGTERM to nothing left, s", f"left: {left}" if left else f"{stop_s:.1f}"),
    ]
    values = {TARGETS[0].name: start_s} | ({} if left else {TARGETS[1].name: stop_s})
    return Outcome(values=values, figures={"runs": runs}, rows=rows)


def _once(setup: Setup, number: int) -> dict[str, Any]:
    port = free_port()
    env = {"ORCHESTRATOR_DATA_DIR": str(setup.folder / f"data-{port}")}
    argv = ["make", "--no-print-directory", "-C", str(setup.root), "serve", f"PORT={port}"]
    argv.append(f"REGISTRY={os.path.relpath(setup.registry, setup.root)}")
    process = start(argv, log=setup.folder / f"serve-{number}.log", env=env)
    try:
        start_s = process.wait_until(lambda: _answered(port), timeout_s=START_TIMEOUT_S)
    except BenchError:
        process.stop()
        raise
    ports = process.family.ports()
    stop_s, left = process.stop(timeout_s=STOP_TIMEOUT_S)
    left += [f"port {port}" for port in sorted(ports & listened())]
    return {"start_s": round(start_s, 2), "stop_s": round(stop_s, 2), "left": left}


def _answered(port: int) -> bool:
    body = {"model": "auto", "messages": [{"role": "user", "content": QUESTION}]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return bool(json.load(response)["choices"])
    except OSError:
        return False
