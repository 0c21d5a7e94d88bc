"""A thousand requests at once against a budget for a hundred, through two gateways.

Each call is held at what it takes: the prompt is free and the answer as long as `max_tokens`, so
exactly a hundred fit, and one more or one less is an error of the meters.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bench.process import BenchError
from bench.report import Outcome, Target
from bench.service import Service, start_service
from bench.setup import Setup

NAME = "budget"
NUM_REQUESTS, NUM_PAID = 1000, 100
#: Tokens of an answer, at 1,000 nano-USD.
_NUM_TOKENS = 10
_BUDGET_USD = NUM_PAID * _NUM_TOKENS * 1e-6
_ADMIN_KEY = "of-the-bench-and-of-nobody-else"
_TIMEOUT_S = 120.0
_ANSWERED = f"budget for {NUM_PAID}, {NUM_REQUESTS} at once: answered"
_SPENT = f"budget for {NUM_PAID}: overdrawn"
_OTHER = "budget: refused otherwise than by insufficient_quota"
TARGETS = (
    Target(name=_ANSWERED, sense="<=", limit=NUM_PAID),
    Target(name=f"{_ANSWERED}, at least", sense=">=", limit=NUM_PAID),
    Target(name=_SPENT, sense="<=", limit=0, unit="USD"),
    Target(name=_OTHER, sense="<=", limit=0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What came back."""

    #: Status and code of the error -> how many.
    counts: Counter[str]
    took_s: float

    @property
    def num_answered(self) -> int:
        """Requests that were answered."""
        return self.counts["200 "]

    @property
    def num_other(self) -> int:
        """Requests that ended in something else than an answer or a used-up budget."""
        return self.counts.total() - self.num_answered - self.counts["429 insufficient_quota"]


def measure(setup: Setup) -> Outcome:
    """Ask for ten times as much as there is.

    Raises:
        BenchError: the service did not come up, or made no key.
    """
    registry = _registry(setup.folder / "priced.yaml")
    environment = {"ORCHESTRATOR_KEYS": "required", "ORCHESTRATOR_ADMIN_KEY": _ADMIN_KEY}
    service = start_service(
        registry, gateways=setup.gateways, folder=setup.folder, environment=environment
    )
    try:
        answers, spent_usd = asyncio.run(_asked(service))
    finally:
        service.process.stop()
    return Outcome(
        values={
            _ANSWERED: answers.num_answered,
            f"{_ANSWERED}, at least": answers.num_answered,
            _SPENT: max(spent_usd - _BUDGET_USD, 0.0),
            _OTHER: answers.num_other,
        },
        figures={
            "gateways": setup.gateways,
            "counts": dict(answers.counts),
            "took_s": round(answers.took_s, 3),
            "spent_usd": spent_usd,
            "budget_usd": _BUDGET_USD,
        },
        rows=[("budget: charged", f"{spent_usd:.6f} of {_BUDGET_USD:.6f} USD")],
    )


def _registry(path: Path) -> Path:
    expert = {
        "id": "priced",
        "engine": {"kind": "fake", "says": " ".join("x" * 2 * _NUM_TOKENS)},
        "price": {"output_usd_per_mtok": 1.0},
    }
    path.write_text(json.dumps({"version": 1, "experts": [expert]}))
    return path


async def _asked(service: Service) -> tuple[Answers, float]:
    admin = {"authorization": f"Bearer {_ADMIN_KEY}"}
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    async with aiohttp.ClientSession(service.url, connector=connector, timeout=timeout) as session:
        wish = {"name": "bench", "terms": {"budget_usd": _BUDGET_USD}}
        async with session.post("/admin/keys", json=wish, headers=admin) as made:
            secret = (await made.json()).get("secret")
            if secret is None:
                raise BenchError(f"the service made no key: {made.status} {await made.text()}")
        await asyncio.sleep(2.0)  # every gateway knows the key within a second
        answers = await _all_at_once(session, {"authorization": f"Bearer {secret}"})
        await asyncio.sleep(3.0)  # usage is written every second
        async with session.get("/admin/usage", headers=admin) as told:
            spent_usd = float((await told.json())["total"]["cost_usd"])
    return answers, spent_usd


async def _all_at_once(session: aiohttp.ClientSession, headers: dict[str, str]) -> Answers:
    counts: Counter[str] = Counter()

    async def ask(number: int) -> None:
        body: dict[str, Any] = {
            "model": "priced",
            "messages": [{"role": "user", "content": f"question {number}"}],
            "max_tokens": _NUM_TOKENS,
            "stream": number % 2 == 0,
        }
        async with session.post("/v1/chat/completions", json=body, headers=headers) as answer:
            text = await answer.text()
            code = "" if answer.status == 200 else json.loads(text)["error"]["code"]
            counts[f"{answer.status} {code}"] += 1

    began_s = time.perf_counter()
    async with asyncio.TaskGroup() as asking:
        for number in range(NUM_REQUESTS):
            asking.create_task(ask(number))
    return Answers(counts=counts, took_s=time.perf_counter() - began_s)
