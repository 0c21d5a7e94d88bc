"""What every part is given, and how it sends load."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from bench.load import Load
from bench.process import BenchError


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One go of the bench."""

    #: The top of the tree.
    root: Path
    #: Logs and generated files.
    folder: Path
    #: The shipped registry.
    registry: Path
    #: Gateways of ours, and workers of LiteLLM's.
    gateways: int
    #: Interleaved runs of each side; the median counts.
    rounds: int
    #: Longest run, seconds.
    run_s: float


def send(load: Load) -> dict[str, Any]:
    """Run one load in a process of its own and return its figures.

    Raises:
        BenchError: the server gave a wrong answer, or the load did not end.
    """
    argv = [sys.executable, "-m", "bench.load", orjson.dumps(asdict(load)).decode()]
    try:
        ended = subprocess.run(
            argv, capture_output=True, text=True, check=False, timeout=load.max_s + 120
        )
    except subprocess.TimeoutExpired as exc:
        raise BenchError(f"a run of {load.max_s:.0f} s on {load.url} did not end") from exc
    if ended.returncode:
        raise BenchError(f"load on {load.url} failed: {ended.stderr.strip()[-500:]}")
    return dict(orjson.loads(ended.stdout))
