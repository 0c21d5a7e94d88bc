"""A hundred thousand requests through two gateways while everything around them fails.

Upstreams cut, stall, corrupt and refuse by script (`tests.faults`), engines of vLLM and Redis are
killed, and the registry is edited. Every prompt has words of its own, and its answer is known.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

from bench.memory_series import MemorySeries
from bench.report import Outcome, Target
from bench.service import Service, read_registry, start_service
from bench.setup import Setup
from bench.soak_client import Question, Tally, ask_all, numbered
from bench.soak_faults import Mishap, Mishaps
from tests.faults.answers import answer_to
from tests.faults.killers import Killers
from tests.faults.program import started
from tests.faults.scripts import KINDS

NAME = "soak"
ENDED = Target(name="soak: requests that ended", sense=">=", limit=100_000)
UNTYPED = Target(
    name="soak: ends that are neither an answer nor a typed error", sense="<=", limit=0
)
HUNG = Target(name="soak: requests beyond their time-out", sense="<=", limit=0)
FOREIGN = Target(name="soak: replies with another request's words", sense="<=", limit=0)
MEMORY = Target(
    name="soak: growth of gateways and Conductor over the last half", sense="<", limit=0.02
)
TARGETS = (ENDED, UNTYPED, HUNG, FOREIGN, MEMORY)

NUM_REQUESTS, NUM_CLIENTS = 100_000, 48
#: Of a request, as the registry has it, and what its client waits beyond before it calls it hung.
TIMEOUT_S, SLACK_S = 20.0, 10.0
#: A soak that takes longer is over, and its first bar does not hold.
MAX_S = 1500.0
FAULT_RATE = 0.04
#: Of vLLM: what its experts answer is known from before the first fault.
ASKED = {
    "capitals": ("What is the capital of Kenya?", "What is the capital of France?",
                 "What is the capital of Japan?", "What is the capital of Peru?"),
    "elements": ("What is the symbol of iron?", "What is the symbol of gold?",
                 "What is the symbol of neon?", "What is the symbol of zinc?"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What every question is answered with."""

    #: Of vLLM's experts, by expert and prompt.
    greedy: Mapping[tuple[str, str], str]

    def question(self, index: int) -> Question:
        """Question number `index`: two in a hundred to vLLM, the rest to upstreams and scripts."""
        text, place = f"request {index} of the soak", index % 50
        is_streamed = index % 2 == 0
        if place == 49:
            model, text = list(self.greedy)[index // 50 % len(self.greedy)]
            expected = self.greedy[model, text]
            is_streamed = index // 50 % 2 == 0
        elif place < 18:
            model, expected = "parrot", text
        else:
            model = ("auto", "first", "second", "mute")[place % 4]
            expected = answer_to(text)
        return Question(model=model, text=text, expected=expected, is_streamed=is_streamed)


def measure(setup: Setup) -> Outcome:
    """Run the soak.

    Raises:
        BenchError: the service did not come up.
    """
    with ExitStack() as stack:
        roots = [stack.enter_context(started(*_options(seed)))[0] for seed in (1, 2)]
        path = setup.folder / "soak.yaml"
        write_registry(setup.registry, roots=roots, to=path, price=1.0)
        service = start_service(path, gateways=setup.gateways, folder=setup.folder)
        stack.callback(service.process.stop)
        known = Known(greedy=asyncio.run(_asked_before(service.url)))
        edit = _editing(setup.registry, roots=roots, to=path)
        return _soaked(service, known, edit, setup=setup)


def _options(seed: int) -> list[str]:
    faults = [kind for kind in KINDS if kind != "ok"]
    given = [word for kind in faults for word in ("--fault", kind)]
    return ["--rate", str(FAULT_RATE), "--seed", str(seed), *given]


def write_registry(source: Path, *, roots: list[str], to: Path, price: float) -> None:
    """Write the soak's registry: two upstreams, a script, and two shipped experts on one slot."""
    shipped = read_registry(source)
    slot_experts = [dict(one) for one in shipped["experts"] if one["id"] in ASKED]
    for one in slot_experts:
        one["model"] = str((source.parent / one["model"]).resolve())
    content: dict[str, Any] = {
        "version": 1,
        "experts": [
            _remote("first", roots[0], continues="vllm", price=price),
            _remote("second", roots[1], continues="vllm", price=price),
            _remote("mute", roots[1], continues="no", price=price),
            {"id": "parrot", "engine": {"kind": "fake", "says": "{prompt}"}},
            *slot_experts,
        ],
        "routers": {"any": {"kind": "rules", "rules": _RULES, "otherwise": {"expert": "second"}}},
        "compositions": {"auto": {"kind": "route", "router": "any", "fallbacks": 1}},
        "slots": [{"name": "local", "count": 1, "memory_gib": 4}],
        "defaults": {"timeout_s": TIMEOUT_S, "stall_s": 2.0, "max_wait_s": 10.0},
    }
    aside = to.with_suffix(".new")
    aside.write_text(json.dumps(content, indent=1))  # which YAML holds as well
    aside.replace(to)


_RULES = [{"name": "some", "when": {"matches": "[02468] of"}, "expert": "first"}]


def _remote(name: str, root: str, *, continues: str, price: float) -> dict[str, Any]:
    engine = {"kind": "openai", "base_url": root, "model": name, "timeout_s": 2.0}
    return {
        "id": name,
        "engine": {**engine, "continues": continues},
        "price": {"input_usd_per_mtok": price},
    }


def _editing(source: Path, *, roots: list[str], to: Path) -> Callable[[], None]:
    prices = count(2)
    return lambda: write_registry(source, roots=roots, to=to, price=float(next(prices)))


async def _asked_before(url: str) -> dict[tuple[str, str], str]:
    """What vLLM's experts answer while nothing fails."""
    import aiohttp

    found = {}
    async with aiohttp.ClientSession(url) as session:
        for model, texts in ASKED.items():
            for text in texts:
                body = {"model": model, "messages": [{"role": "user", "content": text}]}
                async with session.post("/v1/chat/completions", json=body) as response:
                    told = await response.json()
                found[model, text] = told["choices"][0]["message"]["content"]
    return found


def _soaked(service: Service, known: Known, edit: Callable[[], None], *, setup: Setup) -> Outcome:
    killers = Killers(psutil.Process(service.process.popen.pid))
    mishaps = Mishaps(
        [
            Mishap(name="registry edited", first_s=5, every_s=12, do=edit),
            Mishap(name="Redis killed", first_s=20, every_s=45, do=lambda: _kill(killers, "redis")),
            Mishap(
                name="engine killed", first_s=35, every_s=90, do=lambda: _kill(killers, "engine")
            ),
        ]
    )
    tally, began_s = Tally(), perf_counter()
    num = int(os.environ.get("BENCH_SOAK_REQUESTS", NUM_REQUESTS))
    questions = numbered(num, known.question, is_over=lambda: perf_counter() - began_s > MAX_S)
    with MemorySeries(lambda: _watched(killers)) as memory, mishaps:
        asyncio.run(_ask(service.url, questions, tally))
    return _outcome(tally, memory, mishaps, wall_s=perf_counter() - began_s, setup=setup)


async def _ask(url: str, questions: Iterator[Question], tally: Tally) -> None:
    timeout_s = TIMEOUT_S + SLACK_S
    await ask_all(url, questions, clients=NUM_CLIENTS, timeout_s=timeout_s, tally=tally)


def _kill(killers: Killers, part: Any) -> None:
    """Kill one if it is there; one that is coming up yet is spared."""
    if killers.find(part):
        killers.kill(part)


def _watched(killers: Killers) -> dict[str, psutil.Process]:
    gateways = {f"gateway {at}": one for at, one in enumerate(killers.find("gateway"))}
    return {**gateways, "conductor": killers.one("conductor")}


def _outcome(
    tally: Tally, memory: MemorySeries, mishaps: Mishaps, *, wall_s: float, setup: Setup
) -> Outcome:
    kinds, growth = tally.num_by_kind, memory.growth()
    wrong = sum(kinds[kind] for kind in ("untyped", "broken", "short"))
    answered = kinds["answered"] / max(1, tally.num_ended)
    return Outcome(
        values={
            ENDED.name: tally.num_ended,
            UNTYPED.name: wrong,
            HUNG.name: kinds["hung"],
            FOREIGN.name: kinds["foreign"],
            MEMORY.name: max(growth.values()),
        },
        figures={
            "gateways": setup.gateways,
            "clients": NUM_CLIENTS,
            "wall_s": round(wall_s, 1),
            "requests_per_s": round(tally.num_ended / wall_s, 1),
            "fault_rate_of_upstreams": FAULT_RATE,
            "mishaps": dict(mishaps.num_done),
            "mishaps_that_found_nothing": mishaps.failed[:20],
            "by_kind": dict(kinds),
            "by_model": {model: dict(found) for model, found in tally.num_by_model.items()},
            "told_to_come_back": {
                model: dict(found) for model, found in tally.num_again_by_model.items()
            },
            "by_code": dict(tally.num_by_code.most_common()),
            "said_by_code": tally.said_by_code,
            "longest_s": round(tally.longest_s, 2),
            "reconnects": tally.num_reconnects,
            "seen": tally.seen,
            "growth": {name: round(share, 4) for name, share in growth.items()},
            "mib": {name: series[::10] for name, series in memory.mib_by_name.items()},
        },
        rows=[
            ("requests a second", f"{tally.num_ended / wall_s:,.0f}"),
            ("answered", f"{100 * answered:.2f} %"),
            ("mishaps", ", ".join(f"{name} {num}" for name, num in mishaps.num_done.items())),
            ("longest request", f"{tally.longest_s:.1f} s"),
        ],
    )
