"""Our gateway, routing, against LiteLLM's proxy, both before the same echo upstream."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from bench import litellm_proxy
from bench.load import Load
from bench.process import free_port, is_free, start
from bench.report import Outcome, Target, median_of
from bench.service import start_service, write_echo_registry
from bench.setup import Setup, send

NAME = "litellm"
TARGETS = (
    Target(name="litellm: our p50 over theirs, 1 client", sense="<=", limit=1 / 3),
    Target(name="litellm: our requests/s over theirs, 32 clients", sense=">=", limit=5),
)
#: Clients and tokens of a prompt; the bars are on the first two.
CASES = ((1, 60), (32, 60), (64, 60), (1, 500))
#: No run sends more than this, whatever the server's speed.
MAX_REQUESTS = 50_000

Sides = dict[str, Load]
Runs = dict[str, dict[str, list[dict[str, Any]]]]


def measure(setup: Setup) -> Outcome:
    """Start both, run them in turns, stop both.

    Raises:
        BenchError: one of them did not come up or gave a wrong answer.
    """
    litellm_proxy.install()
    with ExitStack() as stack:
        sides = _start(setup, stack.callback)
        for load in sides.values():
            send(_case(load, 8, 60, run_s=3.0, seed="warm"))
        runs = _run(sides, setup)
    return _outcome(runs, setup)


def _start(setup: Setup, at_end: Callable[..., Any]) -> Sides:
    port = free_port()
    upstream = f"http://127.0.0.1:{port}"
    argv = [sys.executable, "-m", "bench.echo", "--port", str(port)]
    echo = start(argv, log=setup.folder / "echo.log")
    at_end(echo.stop)
    echo.wait_until(lambda: not is_free(port), timeout_s=20)
    proxy = litellm_proxy.start_proxy(upstream, num_workers=setup.gateways, folder=setup.folder)
    at_end(proxy.process.stop)
    registry = write_echo_registry(setup.registry, upstream=upstream, to=setup.folder / "echo.yaml")
    service = start_service(registry, gateways=setup.gateways, folder=setup.folder)
    at_end(service.process.stop)
    return {
        "orchestrator": Load(url=service.url, model="auto"),
        "litellm": Load(url=proxy.url, model=litellm_proxy.MODEL),
        "echo": Load(url=upstream, model="echo"),
    }


def _case(load: Load, clients: int, tokens: int, *, run_s: float, seed: str) -> Load:
    return Load(
        url=load.url,
        model=load.model,
        clients=clients,
        prompt_tokens=tokens,
        max_s=run_s,
        max_requests=MAX_REQUESTS,
        seed=seed,
    )


def _run(sides: Sides, setup: Setup) -> Runs:
    runs: Runs = {side: {_label(*case): [] for case in CASES} for side in sides}
    for number in range(setup.rounds):
        for case in CASES:
            for side, load in sides.items():
                seed = f"{number}-{case}"
                figures = send(_case(load, *case, run_s=setup.run_s, seed=seed))
                runs[side][_label(*case)].append(figures)
    return runs


def _label(clients: int, tokens: int) -> str:
    return f"{clients} clients, {tokens} tokens"


def _outcome(runs: Runs, setup: Setup) -> Outcome:
    one, many = (_label(*case) for case in CASES[:2])
    p50 = {side: median_of(cases[one], "latency_ms", "p50") for side, cases in runs.items()}
    rate = {side: median_of(cases[many], "requests_per_s") for side, cases in runs.items()}
    rows = [
        (f"{side}, {label}: p50 ms / requests/s", _shown(runs[side][label]))
        for label in (_label(*case) for case in CASES)
        for side in runs
    ]
    return Outcome(
        values={
            TARGETS[0].name: p50["orchestrator"] / p50["litellm"],
            TARGETS[1].name: rate["orchestrator"] / rate["litellm"],
        },
        figures={"gateways": setup.gateways, "litellm": litellm_proxy.version(), "runs": runs},
        rows=rows,
    )


def _shown(found: list[dict[str, Any]]) -> str:
    p50_ms, rate = median_of(found, "latency_ms", "p50"), median_of(found, "requests_per_s")
    return f"{p50_ms:.2f} / {rate:,.0f}"
