"""Kept answers and vectors, on and off in one run: what they save on repeats, and cost without.

The endpoint in this process over a Redis of its own. Engines are scripted: one that writes a token
every 5 ms, as the demo's experts do on a core, and embeds in 20 ms, as MiniLM does. Repeats follow
Zipf's law over the demo's questions.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import httpx

from bench.process import free_port
from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.api.app import create_app
from orchestrator.api.readiness import Readiness
from orchestrator.api.settings import ApiSettings
from orchestrator.api.wiring import Wiring
from orchestrator.caching.answer_cache import AnswerCache
from orchestrator.caching.settings import CacheSettings
from orchestrator.compositions.programs import Programs
from orchestrator.engines.fake import FakeEngine
from orchestrator.registry.models import Registry
from orchestrator.store.link import RedisLink
from orchestrator.store.memory import MemoryRecords
from orchestrator.store.redis_answers import RedisAnswers
from orchestrator.store.server import RedisServer

NAME = "answers"
QUESTIONS = "deploy/demo/questions/heldout.jsonl"
_SAVED = "repeats: time that kept answers save"
_VECTORS = "repeats: time that kept vectors save"
_HIT = "a hit: p50 over an answer's"
_MISS = "no repeats: time with the cache over time without"
_WRONG = "answers told again that differ from the first"
TARGETS = (
    Target(name=_SAVED, sense=">=", limit=0.3, unit="of all"),
    Target(name=_VECTORS, sense=">=", limit=0.1, unit="of all"),
    Target(name=_HIT, sense="<", limit=0.2, unit="x"),
    Target(name=_MISS, sense="<", limit=1.1, unit="x"),
    Target(name=_WRONG, sense="<=", limit=0),
)
_NUM_ASKED = 500
#: Requests of one side before the other's turn: others at work on the machine slow both alike.
_TURN = 25
_TOKEN_S, _EMBED_S = 0.005, 0.02
_SAYS = "an answer of some ten words that an expert wrote"
_REGISTRY = Registry.model_validate(
    {
        "experts": (
            {"id": "expert", "engine": {"kind": "fake"}},
            {"id": "vectors", "engine": {"kind": "fake", "task": "embed"}},
        ),
        "slots": ({"name": "local", "count": 1, "memory_gib": 1},),
    }
)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One side of a trace, one request after the other."""

    took_ms: list[float] = field(default_factory=list)
    num_hits: int = 0
    num_wrong: int = 0
    #: Text -> the answer that it had first.
    first: dict[str, object] = field(default_factory=dict)

    @property
    def p50_ms(self) -> float:
        return median(self.took_ms)

    @property
    def total_s(self) -> float:
        return sum(self.took_ms) / 1000

    def row(self) -> str:
        whole = f"{self.total_s:.2f} s, p50 {self.p50_ms:.2f} ms"
        return f"{whole}, {self.num_hits} of {len(self.took_ms)} told again"

    def told(self) -> dict[str, float]:
        return {
            "total_s": round(self.total_s, 3),
            "p50_ms": round(self.p50_ms, 3),
            "hits": self.num_hits,
            "requests": len(self.took_ms),
        }


def measure(setup: Setup) -> Outcome:
    """Both traces, with and without, in turns."""
    questions = _questions(setup.root / QUESTIONS)
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        with RedisServer(Path(folder), port=port) as redis:
            found = asyncio.run(_all(questions, redis.url))
    repeats, distinct, vectors = (found[name] for name in ("repeats", "distinct", "vectors"))
    return Outcome(
        values={
            _SAVED: 1 - repeats["on"].total_s / repeats["off"].total_s,
            _VECTORS: 1 - vectors["on"].total_s / vectors["off"].total_s,
            _HIT: median(_hit_ms(repeats["on"])) / repeats["off"].p50_ms,
            _MISS: distinct["on"].total_s / distinct["off"].total_s,
            _WRONG: sum(run.num_wrong for sides in found.values() for run in sides.values()),
        },
        figures={
            trace: {side: run.told() for side, run in sides.items()}
            for trace, sides in found.items()
        },
        rows=[
            (f"{trace}, cache {side}", run.row())
            for trace, sides in found.items()
            for side, run in sides.items()
        ],
    )


def zipf(items: Sequence[str], num_asked: int, *, seed: int) -> list[str]:
    """A trace in which few things are asked often, as people ask: Zipf's law, exponent 1."""
    drawn = random.Random(seed)
    order = drawn.sample(list(items), len(items))
    weights = [1 / rank for rank in range(1, len(order) + 1)]
    return drawn.choices(order, weights=weights, k=num_asked)


def _questions(path: Path) -> list[str]:
    return [json.loads(line)["question"] for line in path.read_text().splitlines()]


def _hit_ms(run: _Run) -> list[float]:
    """The faster part of a trace, as large as its hits: an engine takes many times as long."""
    return sorted(run.took_ms)[: max(run.num_hits, 1)]


async def _all(questions: list[str], url: str) -> dict[str, dict[str, _Run]]:
    repeated = zipf(questions, _NUM_ASKED, seed=1)
    found: dict[str, dict[str, _Run]] = {}
    for trace, texts, token_s, kind in (
        ("repeats", repeated, _TOKEN_S, "chat"),
        ("distinct", questions[:_NUM_ASKED], _TOKEN_S, "chat"),
        ("vectors", repeated, _EMBED_S, "vectors"),
    ):
        link = RedisLink(url, prefix=f"{trace}:")
        engine = FakeEngine(_SAYS, token_delay_s=token_s)
        async with _client(engine, link, "off") as off, _client(engine, link, "on") as on:
            found[trace] = await _in_turns({"off": off, "on": on}, texts, kind)
        await link.close()
    return found


async def _in_turns(
    clients: dict[str, httpx.AsyncClient], texts: Sequence[str], kind: str
) -> dict[str, _Run]:
    runs = {side: _Run() for side in clients}
    for client in clients.values():
        await _ask(client, ["warm up"] * 20, kind, into=_Run())
    for start in range(0, len(texts), _TURN):
        for side, client in clients.items():
            await _ask(client, texts[start : start + _TURN], kind, into=runs[side])
    return runs


@asynccontextmanager
async def _client(engine: FakeEngine, link: RedisLink, side: str) -> Any:
    programs = Programs(_REGISTRY, generation=1, routers={}, dispatch=engine)
    cache = AnswerCache(RedisAnswers(link), CacheSettings(mode="deterministic"))
    app = create_app(
        Wiring(
            live=lambda: programs,
            records=MemoryRecords(),
            readiness=lambda: Readiness(is_ready=True),
            settings=ApiSettings(docs=False),
            answers=cache if side == "on" else None,
        )
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
        yield client


async def _ask(client: httpx.AsyncClient, texts: Sequence[str], kind: str, *, into: _Run) -> None:
    for text in texts:
        path, body = _request(text, kind)
        began_s = perf_counter()
        response = await client.post(path, json=body)
        into.took_ms.append((perf_counter() - began_s) * 1000)
        response.raise_for_status()
        into.num_hits += response.headers.get("x-orchestrator-cache", "").startswith("hit")
        said = response.json()["choices" if kind == "chat" else "data"]
        into.num_wrong += into.first.setdefault(text, said) != said


def _request(text: str, kind: str) -> tuple[str, dict[str, object]]:
    if kind == "vectors":
        return "/v1/embeddings", {"model": "vectors", "input": text}
    turns = [{"role": "user", "content": text}]
    return "/v1/chat/completions", {"model": "expert", "messages": turns, "temperature": 0}
