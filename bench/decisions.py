"""Times routing decisions and counts right ones: `python -m bench.decisions`, one line of JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.prompts import prompt
from bench.samples import percentile
from bench.service import read_registry
from bench.whole_decisions import whole_decisions, whole_p50_ms
from routers.artifacts import load_router
from routers.base import Prompts, Router
from routers.window import Window

NUM_PROMPTS, NUM_TOKENS = 400, 500
#: Reads all of a text, at once.
WHOLE = Window(head=sys.maxsize, tail=0, lead=sys.maxsize)


def figures(registry: Path, heldout: Path, *, rounds: int) -> dict[str, Any]:
    """Times of both windows and of whole decisions in turns, and the share routed right.

    A whole decision is all that a gateway does between a parsed request and its expert.
    """
    routers = _routers(registry)
    skills = _skills(registry)
    programs = whole_decisions(registry)
    p50: dict[str, list[float]] = {name: [] for name in (*routers, "whole")}
    for number in range(rounds):
        p50["whole"].append(
            whole_p50_ms(
                programs, num_prompts=NUM_PROMPTS, num_tokens=NUM_TOKENS, seed=f"whole-{number}"
            )
        )
        for name, router in routers.items():
            p50[name].append(p50_ms(router, frozenset(skills), seed=f"{number}"))
    questions = [json.loads(line) for line in heldout.read_text().splitlines()]
    long = [_after_words(question, index) for index, question in enumerate(questions)]
    accuracy = {name: _accuracy(router, questions, skills) for name, router in routers.items()}
    for name, router in routers.items():
        accuracy[f"{name}, after {NUM_TOKENS} words"] = _accuracy(router, long, skills)
    return {"p50_ms": p50, "accuracy": accuracy, "num_heldout": len(questions)}


def p50_ms(router: Router, candidates: frozenset[str], *, seed: str) -> float:
    """Median time of a decision over distinct prompts, milliseconds."""
    texts = [prompt(NUM_TOKENS, seed=f"{seed}-{index}") for index in range(NUM_PROMPTS)]
    return percentile([_time_ms(router, text, candidates) for text in texts], 0.5)


def _time_ms(router: Router, text: str, candidates: frozenset[str]) -> float:
    started_s = perf_counter()
    router.route(Prompts(texts=[text], candidates=candidates))
    return (perf_counter() - started_s) * 1000


def _routers(registry: Path) -> dict[str, Router]:
    specs = read_registry(registry)["routers"]
    spec = next(spec for spec in specs.values() if spec["kind"] == "category")
    path = registry.parent / spec["artifact"]
    common = {"embedder": spec.get("embedder", "static"), "fallback": spec["fallback"]}
    cut = load_router(path, **common)
    return {"cut": cut, "uncut": replace(cut, window=WHOLE)}


def _skills(registry: Path) -> dict[str, set[str]]:
    experts = read_registry(registry)["experts"]
    return {expert["id"]: {expert["id"], *expert.get("skills", ())} for expert in experts}


def _after_words(question: dict[str, Any], index: int) -> dict[str, Any]:
    words = prompt(NUM_TOKENS, seed=f"long-{index}")
    return {**question, "question": f"{words}\n\n{question['question']}"}


def _accuracy(
    router: Router, questions: Sequence[dict[str, Any]], skills: dict[str, set[str]]
) -> float:
    texts = [question["question"] for question in questions]
    routes = router.route(Prompts(texts=texts, candidates=frozenset(skills)))
    right = sum(
        question["skill"] in skills.get(route.chosen[0], set())
        for question, route in zip(questions, routes, strict=True)
    )
    return right / len(questions)


def main() -> int:
    """Command line; prints one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registry", type=Path, required=True)
    parser.add_argument("--heldout", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(json.dumps(figures(options.registry, options.heldout, rounds=options.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
