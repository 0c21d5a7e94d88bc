"""What a routing decision takes: time, memory, and how right it is at that setting."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from statistics import median
from typing import Any

import numpy as np

from bench.process import BenchError
from bench.report import Outcome, Target
from bench.setup import Setup
from routers.resampling import Interval, intervals

SPEED = "decision"
ARTIFACT, HELDOUT = "deploy/demo/routers/topic", "deploy/demo/questions/heldout.jsonl"
_P50 = f"{SPEED}: p50 on one core, distinct 500-token prompts"
_BATCH = f"{SPEED}: prompts in a second of one core, in batches of 256"
_MEMORY = f"{SPEED}: most memory of the routing process"
SPEED_TARGETS = (
    Target(name=_P50, sense="<", limit=1.0, unit="ms"),
    Target(name=_BATCH, sense=">=", limit=3000, unit="prompts/s"),
    Target(name=_MEMORY, sense="<", limit=200, unit="MB"),
)
_TIMEOUT_S = 600
_BY_QUESTION = ("right", "right_after_words", "frames")


def measure_speed(setup: Setup) -> Outcome:
    """Time decisions in a process of their own, and count right ones there.

    Raises:
        BenchError: the router or the held-out questions are missing.
    """
    argv = [sys.executable, "-m", "bench.routing_process", "--rounds", str(setup.rounds)]
    argv += ["--artifact", str(setup.root / ARTIFACT), "--heldout", str(setup.root / HELDOUT)]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    ended = subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S, env=env
    )
    if ended.returncode:
        raise BenchError(ended.stderr.strip()[-500:])
    found: dict[str, Any] = json.loads(ended.stdout)
    values = {
        _P50: median(found["p50_ms"]),
        _BATCH: median(found["prompts_per_s"]),
        _MEMORY: found["peak_mb"],
    }
    right = _accuracy(found)
    figures = {key: value for key, value in found.items() if key not in _BY_QUESTION}
    shown = {name: asdict(one) for name, one in right.items()}
    return Outcome(values=values, figures={**figures, "accuracy": shown}, rows=_rows(found, right))


def _accuracy(found: dict[str, Any]) -> dict[str, Interval]:
    """Per cent of the held-out questions, drawn by frame."""
    frames = np.unique(found["frames"], return_inverse=True)[1]
    sides = {"alone": found["right"], "after 500 words": found["right_after_words"]}
    columns = 100 * np.array(list(sides.values()), dtype=np.float64).T
    return dict(zip(sides, intervals(columns, frames), strict=True))


def _rows(found: dict[str, Any], right: dict[str, Interval]) -> list[tuple[str, str]]:
    runs = (
        ("p50", "p50_ms", 3, "ms"),
        ("p50, words never met", "p50_ms_unheard_words", 3, "ms"),
        ("batches, of one core's time", "prompts_per_s", 0, "prompts/s"),
        ("batches, beside what else runs", "prompts_per_s_wall", 0, "prompts/s"),
    )
    rows = [
        (f"{SPEED}: {name}", _spread(found[key], digits, unit)) for name, key, digits, unit in runs
    ]
    rows.append((f"{SPEED}: most memory", f"{found['peak_mb']:.0f} MB"))
    for name, one in right.items():
        shown = f"{one.mean:.2f} ({one.low:.2f} to {one.high:.2f}) %"
        rows.append((f"{SPEED}: held-out questions right, {name}", shown))
    return rows


def _spread(runs: list[float], digits: int, unit: str) -> str:
    middle, low, high = (f"{one:,.{digits}f}" for one in (median(runs), min(runs), max(runs)))
    return f"{middle} ({low} to {high}) {unit}"
