"""What rules, languages and their nesting take: `python -m bench.routing_kinds`, one line of JSON.

On one core and in a process of its own: milliseconds of processor time of a decision, MiB.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from time import perf_counter, thread_time
from typing import Any

import psutil
from pydantic import TypeAdapter

from bench.prompts import prompt
from bench.samples import percentile
from orchestrator.registry.routers import RouterSpec
from orchestrator.routing.building import Routers
from routers.base import Prompts, Router

NUM_PROMPTS, NUM_TOKENS = 400, 500
CANDIDATES = frozenset({"sums", "code", "french", "general"})
OTHERWISE = {"expert": "general"}
#: A word of each, so that none holds and all are looked at.
WORDS = [f"word{number}" for number in range(20)]
RULES: list[dict[str, Any]] = [
    {"when": {"keywords": {"any": WORDS}}, "expert": "sums"},
    {"when": {"matches": r"(?i)\binvoice\s+(no|number|#)"}, "expert": "code"},
    {"when": {"matches": r"\d{9,}", "has_tools": False}, "expert": "code"},
    {"when": {"keywords": {"all": ["alpha", "beta"]}, "min_tokens": 9}, "expert": "sums"},
]
LANGUAGE = {"kind": "language", "experts": {"fr": "french"}, "otherwise": OTHERWISE}
KINDS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "rules": {"it": {"kind": "rules", "rules": RULES, "otherwise": OTHERWISE}},
    "language": {"it": LANGUAGE},
    "rules, split, language": {
        "it": {"kind": "rules", "rules": RULES, "otherwise": {"router": "split"}},
        "split": {"kind": "split", "shares": {"left": 1, "right": 1}},
        "left": LANGUAGE,
        "right": LANGUAGE,
    },
}
TEXTS: Mapping[str, Sequence[str]] = {
    "500 tokens": [prompt(NUM_TOKENS, seed=f"kinds-{index}") for index in range(NUM_PROMPTS)],
    "a short question": [f"What is the capital of country {n}?" for n in range(NUM_PROMPTS)],
    "Russian": ["Как называется столица и сколько там живёт людей? " * 20] * NUM_PROMPTS,
    "Japanese": ["日本の首都はどこですか。人口は何人ですか。" * 40] * NUM_PROMPTS,
}


def figures() -> dict[str, Any]:
    """By kind: seconds and MiB to load, and p50 of a decision by text, milliseconds."""
    return {name: _of_kind(specs) for name, specs in KINDS.items()}


def _of_kind(specs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    entries = TypeAdapter(dict[str, RouterSpec]).validate_python(specs)
    before, began_s = psutil.Process().memory_info().rss, perf_counter()
    router = Routers().load(entries)["it"]
    load_s, grown = perf_counter() - began_s, psutil.Process().memory_info().rss - before
    p50_ms = {name: round(_p50_ms(router, texts), 3) for name, texts in TEXTS.items()}
    return {"load_s": round(load_s, 2), "memory_mib": round(grown / 2**20), "p50_ms": p50_ms}


def _p50_ms(router: Router, texts: Sequence[str]) -> float:
    return percentile([_time_ms(router, text) for text in texts], 0.5)


def _time_ms(router: Router, text: str) -> float:
    began_s = thread_time()
    router.route(Prompts(texts=[text], candidates=CANDIDATES))
    return (thread_time() - began_s) * 1000


if __name__ == "__main__":
    print(json.dumps(figures(), ensure_ascii=False))
    sys.exit(0)
