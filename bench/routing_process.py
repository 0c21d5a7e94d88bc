"""A process that routes and does nothing else, on one core: `python -m bench.routing_process`.

Prints one line of JSON: times of single decisions and of batches over distinct prompts, the most
memory it took, and how often it was right on held-out questions, alone and behind 500 words.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import Any

from bench.prompts import prompt
from bench.samples import percentile
from routers.artifacts import load_router
from routers.base import Prompts, Router

NUM_TOKENS = 500
NUM_PROMPTS, BATCH = 2048, 256
FALLBACK = "generalist"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def figures(
    artifact: Path, heldout: Path, *, rounds: int, num_prompts: int = NUM_PROMPTS
) -> dict[str, Any]:
    """Everything that is measured; no prompt is timed twice."""
    router = load_router(artifact, fallback=FALLBACK)
    candidates = frozenset({*router.quality.experts, FALLBACK})
    p50, rare, wall, cpu = [], [], [], []
    for number in range(rounds):
        texts = [prompt(NUM_TOKENS, seed=f"{number}-{index}") for index in range(num_prompts)]
        p50.append(_p50_ms(router, texts, candidates))
        wall.append(_per_s(router, texts, candidates, clock=perf_counter))
        cpu.append(_per_s(router, texts, candidates, clock=process_time))
        strange = [_unheard(seed=f"{number}-{index}") for index in range(num_prompts // 4)]
        rare.append(_p50_ms(router, strange, candidates))
    # Before the questions are read: they are no part of a routing process.
    peak_mb = _peak_mb()
    questions = [json.loads(line) for line in heldout.read_text("utf-8").splitlines()]
    return {
        "p50_ms": p50,
        "p50_ms_unheard_words": rare,
        "prompts_per_s": cpu,
        "prompts_per_s_wall": wall,
        "peak_mb": peak_mb,
        "right": _right(router, questions, candidates, words=0),
        "right_after_words": _right(router, questions, candidates, words=NUM_TOKENS),
        "frames": [question["frame"] for question in questions],
    }


def _p50_ms(router: Router, texts: list[str], candidates: frozenset[str]) -> float:
    def time_ms(text: str) -> float:
        started_s = perf_counter()
        router.route(Prompts(texts=[text], candidates=candidates))
        return (perf_counter() - started_s) * 1000

    return percentile([time_ms(text) for text in texts], 0.5)


def _per_s(
    router: Router,
    texts: list[str],
    candidates: frozenset[str],
    *,
    clock: Callable[[], float],
) -> float:
    started_s = clock()
    for start in range(0, len(texts), BATCH):
        router.route(Prompts(texts=texts[start : start + BATCH], candidates=candidates))
    return len(texts) / (clock() - started_s)


def _peak_mb() -> float:
    # The most of the system's own count would be that of the process this one was forked from.
    status = Path("/proc/self/status").read_text("utf-8")
    found = re.search(r"VmHWM:\s+([0-9]+) kB", status)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def _unheard(*, seed: str) -> str:
    """Words that no cache of words has met."""
    random = Random(seed)
    words = ("".join(random.choices(_LETTERS, k=random.randint(3, 9))) for _ in range(NUM_TOKENS))
    return " ".join(words)


def _right(
    router: Router, questions: list[dict[str, Any]], candidates: frozenset[str], *, words: int
) -> list[bool]:
    texts = [
        f"{prompt(words, seed=f'long-{index}')}\n\n{one['question']}" if words else one["question"]
        for index, one in enumerate(questions)
    ]
    routes = router.route(Prompts(texts=texts, candidates=candidates))
    return [route.chosen[0] == one["skill"] for route, one in zip(routes, questions, strict=True)]


def main() -> int:
    """Command line; prints one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifact", type=Path, required=True)
    parser.add_argument("--heldout", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(json.dumps(figures(options.artifact, options.heldout, rounds=options.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
