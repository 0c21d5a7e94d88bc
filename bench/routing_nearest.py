"""What a decision by the nearest of many known questions takes, on one core."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from bench.process import BenchError
from bench.prompts import WORDS, prompt
from bench.report import Outcome, Target
from bench.setup import Setup
from routers.artifacts import load_router
from routers.base import Prompts
from routers.embeddings import unit_rows
from routers.kernel import Kernel, Known
from routers.neighbours import MAX_REFERENCES, NeighboursRouter

NEAREST = "nearest"
ARTIFACT = "deploy/demo/routers/topic"
_P50 = f"{NEAREST}: p50 on one core, {MAX_REFERENCES:,} known questions, 500-token prompts"
NEAREST_TARGETS = (Target(name=_P50, sense="<", limit=1.0, unit="ms"),)
_EXPERTS = tuple(f"expert-{number}" for number in range(10))
_NUM_TOKENS, _NUM_PROMPTS = 500, 400
_TIMEOUT_S = 300


def measure_nearest(setup: Setup) -> Outcome:
    """Time decisions in a process of one thread, at the fewest and at the most neighbours.

    Raises:
        BenchError: the process failed.
    """
    argv = [sys.executable, "-m", "bench.routing_nearest", str(setup.root / ARTIFACT)]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    found: dict[str, float] = {}
    for k in (8, 512):
        ended = subprocess.run(
            [*argv, str(k)],
            capture_output=True, text=True, check=False, timeout=_TIMEOUT_S, env=env,
        )  # fmt: skip
        if ended.returncode:
            raise BenchError(ended.stderr.strip()[-500:])
        found[f"p50_ms of {k} neighbours"] = float(ended.stdout)
    rows = [(f"{NEAREST}: {name}", f"{value:.3f}") for name, value in found.items()]
    return Outcome(values={_P50: max(found.values())}, figures=found, rows=rows)


def decision_ms(artifact: Path, *, k: int) -> float:
    """Median of one decision, milliseconds."""
    router = replace(_router(artifact), kernel=Kernel(k=k, width=0.1, difficulty=1, difference=1))
    candidates = frozenset(_EXPERTS)
    took_s = []
    for number in range(_NUM_PROMPTS):
        text = prompt(_NUM_TOKENS, seed=f"nearest {number}")
        began_s = time.perf_counter()
        router.route(Prompts(texts=[text], candidates=candidates))
        took_s.append(time.perf_counter() - began_s)
    return 1000 * median(took_s)


def _router(artifact: Path) -> NeighboursRouter:
    """As many known questions as a router may hold; what they ask does not matter here."""
    embedder = load_router(artifact, fallback="generalist").features.embedder
    dice = np.random.default_rng(0)
    texts = [" ".join(dice.choice(WORDS, 12).tolist()) for _ in range(MAX_REFERENCES)]
    return NeighboursRouter(
        version="bench",
        embedder=embedder,
        references=unit_rows(embedder.embed(texts)),
        known=Known.of((dice.random((MAX_REFERENCES, len(_EXPERTS))) < 0.5).astype(float)),
        kernel=Kernel(k=8, width=0.1, difficulty=1, difference=1),
        experts=_EXPERTS,
        least_cosine=-1.0,
    )


if __name__ == "__main__":
    sys.stdout.write(f"{decision_ms(Path(sys.argv[1]), k=int(sys.argv[2])):.4f}\n")
