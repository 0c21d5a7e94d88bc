"""The whole service with the shipped experts against bare AsyncLLM with one of them.

Both get the same weights, engine arguments, threads, prompts, sampling and number of tokens. Both
stay up, so that runs can alternate; the bare engine is frozen while the service runs, and what the
idle service takes of the CPU while the bare engine runs is reported.
"""

from __future__ import annotations

import json
import signal
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import orjson

from bench.experts import Resident, resident
from bench.load import Load
from bench.process import Running, start
from bench.report import Outcome, Target, median_of
from bench.service import Service, start_service
from bench.setup import Setup, send

NAME = "vllm"
TARGETS = (
    Target(name="vllm: our tokens/s over bare, 64 clients", sense=">=", limit=0.75),
    Target(name="vllm: our first token later, 1 client", sense="<=", limit=8, unit="ms"),
)
FIRST_TOKEN, TOKENS, WHOLE = "first token", "tokens", "tokens, not streamed"
START_TIMEOUT_S = 300.0
#: Tokens of an answer: what vLLM's own benchmark asks for.
NUM_TOKENS = 128

Runs = dict[str, dict[str, list[dict[str, Any]]]]


def measure(setup: Setup) -> Outcome:
    """Start both, run them in turns, stop both.

    Raises:
        BenchError: one of them did not come up, or answered too few tokens.
    """
    expert = resident(setup.registry)
    cases = _cases(expert, setup)
    with ExitStack() as stack:
        service = start_service(setup.registry, gateways=setup.gateways, folder=setup.folder)
        stack.callback(service.process.stop)
        for load in cases.values():
            send(_sent_to(service, load, seed="warm"))
        bare = _start_bare(expert, setup)
        stack.callback(bare.stop)
        for load in cases.values():
            _ask(bare, load)
        runs, idle = _run(service, bare, cases=cases, setup=setup)
    return _outcome(runs, idle, expert)


def _cases(expert: Resident, setup: Setup) -> dict[str, Load]:
    load = Load(
        url="",
        model=expert.id,
        clients=64,
        max_requests=64 * 4,
        max_s=setup.run_s * 4,
        is_bytes=True,
        stream=True,
        fields={
            "temperature": 0,
            "max_tokens": NUM_TOKENS,
            "logit_bias": {str(token_id): -100 for token_id in expert.stop_token_ids},
        },
    )
    few = {**load.fields, "max_tokens": 8}
    return {
        FIRST_TOKEN: replace(load, clients=1, max_requests=64, fields=few),
        TOKENS: load,
        WHOLE: replace(load, stream=False),
    }


def _start_bare(expert: Resident, setup: Setup) -> Running:
    argv = [sys.executable, "-m", "bench.bare", json.dumps(expert.engine_args)]
    env = {"OMP_NUM_THREADS": str(expert.threads), "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
    bare = start(argv, log=setup.folder / "bare.log", env=env, talks=True)
    bare.hear(timeout_s=START_TIMEOUT_S)
    return bare


def _sent_to(service: Service, load: Load, *, seed: str) -> Load:
    return replace(load, url=service.url, seed=seed)


def _ask(bare: Running, load: Load) -> dict[str, Any]:
    return dict(orjson.loads(bare.ask(orjson.dumps(load), timeout_s=load.max_s + 120)))


def _run(
    service: Service, bare: Running, *, cases: dict[str, Load], setup: Setup
) -> tuple[Runs, list[float]]:
    runs: Runs = {side: {case: [] for case in cases} for side in ("orchestrator", "bare")}
    idle = []
    for number in range(setup.rounds):
        for case, load in cases.items():
            bare.family.signal(signal.SIGSTOP)
            found = send(_sent_to(service, load, seed=f"{number}-{case}"))
            runs["orchestrator"][case].append(found)
            bare.family.signal(signal.SIGCONT)
            before_s = service.process.family.cpu_s()
            found = _ask(bare, replace(load, seed=f"{number}-{case}"))
            runs["bare"][case].append(found)
            used_s = service.process.family.cpu_s() - before_s
            idle.append(round(used_s / found["wall_s"], 3))
    return runs, idle


def _outcome(runs: Runs, idle: list[float], expert: Resident) -> Outcome:
    first = {s: median_of(c[FIRST_TOKEN], "first_token_ms", "p50") for s, c in runs.items()}
    tokens = {s: median_of(c[TOKENS], "tokens_per_s") for s, c in runs.items()}
    whole = {s: median_of(c[WHOLE], "tokens_per_s") for s, c in runs.items()}
    rows = [(f"{side}, first token at 1 client, ms", f"{first[side]:.1f}") for side in runs]
    rows += [(f"{side}, tokens/s at 64 clients", f"{tokens[side]:,.0f}") for side in runs]
    rows += [(f"{side}, the same, not streamed", f"{whole[side]:,.0f}") for side in runs]
    return Outcome(
        values={
            TARGETS[0].name: tokens["orchestrator"] / tokens["bare"],
            TARGETS[1].name: first["orchestrator"] - first["bare"],
        },
        figures={
            "expert": expert.id,
            "engine_args": {k: v for k, v in expert.engine_args.items() if k != "model"},
            "threads": expert.threads,
            "cpus_of_idle_service": idle,
            "runs": runs,
        },
        rows=rows,
    )
