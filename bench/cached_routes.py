"""What a cache of routes could save: a whole decision against a key alone."""

from __future__ import annotations

import asyncio
import hashlib
import json
from statistics import median
from time import perf_counter

from bench.report import Outcome, Target
from bench.setup import Setup
from bench.whole_decisions import AUTO, whole_decisions
from orchestrator.compositions.base import Query
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Chat, Message, TextPart

NAME = "routes"
QUESTIONS = "deploy/demo/questions/heldout.jsonl"
#: None: it says what was left out, and why.
TARGETS: tuple[Target, ...] = ()
_NUM_ASKED = 500


def measure(setup: Setup) -> Outcome:
    """Time decisions on distinct questions and on one that repeats, and a key alone."""
    lines = (setup.root / QUESTIONS).read_text().splitlines()[:_NUM_ASKED]
    texts = [json.loads(line)["question"] for line in lines]
    programs = whole_decisions(setup.registry)
    asyncio.run(_times_ms(programs, texts[:50]))
    distinct = median(asyncio.run(_times_ms(programs, texts)))
    repeated = median(asyncio.run(_times_ms(programs, texts[:1] * _NUM_ASKED)))
    key_ms = median(_key_ms(text) for text in texts)
    return Outcome(
        values={},
        figures={
            "distinct_ms": round(distinct, 4),
            "repeated_ms": round(repeated, 4),
            "key_ms": round(key_ms, 4),
        },
        rows=[("routes: a key alone", f"{key_ms:.3f} ms; decided anew {distinct:.3f} ms")],
    )


async def _times_ms(programs: Programs, texts: list[str]) -> list[float]:
    found = []
    for number, text in enumerate(texts):
        turn = Message(role="user", content=(TextPart(text=text),))
        query = Query(id=f"q{number}", model=AUTO, prompt=Chat(messages=(turn,)))
        began_s = perf_counter()
        await programs.decide(query)
        found.append((perf_counter() - began_s) * 1000)
    return found


def _key_ms(text: str) -> float:
    began_s = perf_counter()
    hashlib.sha256(text.encode()).hexdigest()
    return (perf_counter() - began_s) * 1000
