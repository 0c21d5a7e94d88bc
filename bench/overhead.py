"""What keys, limits, budgets and tracing cost a request, beside the same service without them.

Two services over the same echo upstream, run in turns: one as it starts, one that asks for keys,
counts all that a key can bound, and sends every span to a collector. Metrics are always on.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import Any

from bench.load import Load
from bench.process import BenchError, Running, free_port, is_free, start
from bench.report import Outcome, Target, median_of
from bench.service import start_service, write_echo_registry
from bench.setup import Setup, send

NAME = "overhead"
RATIO = Target(
    name="overhead: with keys, limits and tracing over without, p50, 1 client",
    sense="<=",
    limit=1.3,
)
TARGETS = (RATIO,)
#: Clients of each case; the bar is on the first.
CASES = (1, 32)
MAX_REQUESTS = 50_000
PROMPT_TOKENS = 60
#: Bounds that nothing here reaches, so that each is counted and none refuses.
TERMS = {
    "requests_per_minute": 10_000_000,
    "tokens_per_minute": 1_000_000_000,
    "max_concurrent": 10_000,
    "budget_day_usd": 1_000_000.0,
    "budget_usd": 1_000_000.0,
}

Runs = dict[str, dict[int, list[dict[str, Any]]]]


def measure(setup: Setup) -> Outcome:
    """Start both, run them in turns, stop both.

    Raises:
        BenchError: one of them did not come up or gave a wrong answer.
    """
    with ExitStack() as stack:
        sides = _start(setup, stack.callback)
        for load in sides.values():
            send(replace(load, clients=8, max_s=3.0, max_requests=MAX_REQUESTS, seed="warm"))
        runs = _run(sides, setup)
    return _outcome(runs, setup)


def _start(setup: Setup, at_end: Callable[..., Any]) -> dict[str, Load]:
    echo, sink = free_port(), free_port()
    for name, port in (("echo", echo), ("span_sink", sink)):
        running = _beside(name, port, folder=setup.folder)
        at_end(running.stop)
    upstream = f"http://127.0.0.1:{echo}"
    registry = write_echo_registry(
        setup.registry, upstream=upstream, to=setup.folder / "overhead.yaml"
    )
    plain = start_service(registry, gateways=setup.gateways, folder=setup.folder)
    at_end(plain.process.stop)
    admin = token_hex(24)
    guarded = start_service(
        registry, gateways=setup.gateways, folder=setup.folder, environment=_with(admin, sink)
    )
    at_end(guarded.process.stop)
    shape = {"model": "auto", "prompt_tokens": PROMPT_TOKENS, "max_requests": MAX_REQUESTS}
    return {
        "plain": Load(url=plain.url, **shape),
        "guarded": Load(url=guarded.url, key=made_key(guarded.url, admin), **shape),
        "echo": Load(url=upstream, **{**shape, "model": "echo"}),
    }


def _beside(name: str, port: int, *, folder: Path) -> Running:
    argv = [sys.executable, "-m", f"bench.{name}", "--port", str(port)]
    running = start(argv, log=folder / f"{name}.log")
    running.wait_until(lambda: not is_free(port), timeout_s=20)
    return running


def _with(admin: str, sink: int) -> dict[str, str]:
    return {
        "ORCHESTRATOR_KEYS": "required",
        "ORCHESTRATOR_ADMIN_KEY": admin,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{sink}",
    }


def made_key(url: str, admin: str) -> str:
    """The secret of a new key with every bound there is.

    Raises:
        BenchError: it cannot be made.
    """
    body = json.dumps({"name": "bench", "terms": TERMS}).encode()
    headers = {"authorization": f"Bearer {admin}", "content-type": "application/json"}
    asked = urllib.request.Request(f"{url}/admin/keys", data=body, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=10) as response:
            return str(json.loads(response.read())["secret"])
    except OSError as exc:
        raise BenchError(f"no key could be made: {exc}") from exc


def _run(sides: dict[str, Load], setup: Setup) -> Runs:
    runs: Runs = {side: {clients: [] for clients in CASES} for side in sides}
    for number in range(setup.rounds):
        for clients in CASES:
            order = list(sides) if number % 2 == 0 else list(sides)[::-1]
            for side in order:
                seed = f"{number}-{clients}"
                load = replace(sides[side], clients=clients, max_s=setup.run_s, seed=seed)
                runs[side][clients].append(send(load))
    return runs


def _outcome(runs: Runs, setup: Setup) -> Outcome:
    p50 = {
        side: {clients: median_of(found, "latency_ms", "p50") for clients, found in cases.items()}
        for side, cases in runs.items()
    }
    rate = {
        side: {clients: median_of(found, "requests_per_s") for clients, found in cases.items()}
        for side, cases in runs.items()
    }
    own = {side: p50[side][CASES[0]] - p50["echo"][CASES[0]] for side in ("plain", "guarded")}
    return Outcome(
        values={RATIO.name: own["guarded"] / own["plain"]},
        figures={
            "gateways": setup.gateways,
            "own_p50_ms": own,
            "requests_per_s_guarded_over_plain": rate["guarded"][32] / rate["plain"][32],
            "runs": {
                side: {f"{clients} clients": found for clients, found in cases.items()}
                for side, cases in runs.items()
            },
        },
        rows=[
            (f"{side}, {clients} clients: p50 ms / requests/s",
             f"{p50[side][clients]:.2f} / {rate[side][clients]:,.0f}")
            for clients in CASES
            for side in runs
        ],
    )  # fmt: skip
