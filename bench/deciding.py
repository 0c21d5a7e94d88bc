"""One routing decision: how long it takes and how often it is right, cut and uncut."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from bench.process import BenchError
from bench.report import Outcome, Target
from bench.setup import Setup

NAME = "routing"
TARGETS = (
    Target(name="routing: p50 of a decision, 500-token prompts", sense="<", limit=1, unit="ms"),
)
HELDOUT = Path("deploy/demo/questions/heldout.jsonl")


def measure(setup: Setup) -> Outcome:
    """Time decisions and count right ones, on one thread, as a gateway routes.

    Raises:
        BenchError: the router, its artifact or the held-out questions are missing.
    """
    argv = [sys.executable, "-m", "bench.decisions", "--registry", str(setup.registry)]
    argv += ["--heldout", str(setup.root / HELDOUT), "--rounds", str(setup.rounds)]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=600, env=env)
    if ended.returncode:
        raise BenchError(ended.stderr.strip()[-500:])
    found = json.loads(ended.stdout)
    p50 = {name: median(runs) for name, runs in found["p50_ms"].items()}
    rows = [(f"decision {name}: p50 ms", f"{value:.3f}") for name, value in p50.items()]
    rows += [(f"held-out accuracy {n}, %", f"{100 * a:.2f}") for n, a in found["accuracy"].items()]
    return Outcome(values={TARGETS[0].name: p50["cut"]}, figures=found, rows=rows)
