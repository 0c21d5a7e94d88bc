"""What the SDK and the command line cost: their start, and a request beside raw httpx."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx

from bench.report import Outcome, Target
from bench.service import start_service
from bench.setup import Setup
from orchestrator.client import AsyncClient, Client

NAME = "sdk"
IMPORT_S = Target(name="sdk: import of orchestrator.client, median", sense="<", limit=0.3, unit="s")
IMPORT_MB = Target(name="sdk: memory of that import", sense="<", limit=40.0, unit="MB")
HELP_S = Target(name="command line: orchestrator --help, median", sense="<", limit=0.4, unit="s")
BLOCKING = Target(name="sdk: Client.chat over raw httpx, p50", sense="<", limit=1.1)
WAITING = Target(name="sdk: AsyncClient.chat over raw httpx, p50", sense="<", limit=1.1)
TARGETS = (IMPORT_S, IMPORT_MB, HELP_S, BLOCKING, WAITING)

_STARTS = 11
#: Pairs of requests, whose order changes with each.
_PAIRS = 600
_WARM = 100
_EXPERT = "fast"
_QUESTION = "What is the capital of Kenya?"
_BODY = {"model": _EXPERT, "messages": [{"role": "user", "content": _QUESTION}], "max_tokens": 8}
_REGISTRY = {"experts": [{"id": _EXPERT, "engine": {"kind": "fake", "says": "Nairobi."}}]}
_MB = 1e6
#: Prints seconds of the import and the most memory that the process had, KiB (what getrusage says
#: is its parent's where that had more).
_IMPORT = """
import time
begun = time.perf_counter()
{what}
took = time.perf_counter() - begun
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(took, status["VmHWM"].split()[0])
"""


def measure(setup: Setup) -> Outcome:
    """Start each often, and ask one service both ways in turns."""
    imports = [_imported("import orchestrator.client") for _ in range(_STARTS)]
    bare = [_imported("pass") for _ in range(_STARTS)]
    kib = median(kib for _, kib in imports) - median(kib for _, kib in bare)
    helps_s = [_help_s() for _ in range(_STARTS)]
    registry = setup.folder / "sdk.yaml"
    registry.write_text(json.dumps(_REGISTRY))
    service = start_service(registry, gateways=1, folder=setup.folder)
    try:
        blocking, waiting = _blocking(service.url), asyncio.run(_waiting(service.url))
    finally:
        service.process.stop()
    values = {
        IMPORT_S.name: median(took_s for took_s, _ in imports),
        IMPORT_MB.name: kib * 1024 / _MB,
        HELP_S.name: median(helps_s),
        BLOCKING.name: blocking[0] / blocking[1],
        WAITING.name: waiting[0] / waiting[1],
    }
    facts = {
        "blocking_ms": {"sdk": blocking[0] * 1e3, "httpx": blocking[1] * 1e3},
        "async_ms": {"sdk": waiting[0] * 1e3, "httpx": waiting[1] * 1e3},
        "num_pairs": _PAIRS,
        "num_starts": _STARTS,
    }
    rows = [
        ("Client.chat / httpx, p50 ms", f"{blocking[0] * 1e3:.2f} / {blocking[1] * 1e3:.2f}"),
        ("AsyncClient.chat / httpx, p50 ms", f"{waiting[0] * 1e3:.2f} / {waiting[1] * 1e3:.2f}"),
    ]
    return Outcome(values=values, rows=rows, figures=facts)


def _imported(what: str) -> tuple[float, float]:
    argv = [sys.executable, "-c", _IMPORT.format(what=what)]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    return float(told[0]), float(told[1])


def _help_s() -> float:
    begun_s = perf_counter()
    program = Path(sys.executable).with_name("orchestrator")
    subprocess.run([str(program), "--help"], capture_output=True, check=True)
    return perf_counter() - begun_s


def _blocking(url: str) -> tuple[float, float]:
    """Median seconds of the SDK and of httpx."""
    with Client(url) as client, httpx.Client(base_url=url) as raw:

        def by_sdk() -> object:
            return client.chat(_QUESTION, model=_EXPERT, max_tokens=8).text

        def by_httpx() -> object:
            return raw.post("/v1/chat/completions", json=_BODY).raise_for_status().json()

        took: tuple[list[float], list[float]] = ([], [])
        for number in range(-_WARM, _PAIRS):
            for side in (0, 1) if number % 2 else (1, 0):
                begun_s = perf_counter()
                (by_sdk, by_httpx)[side]()
                if number >= 0:
                    took[side].append(perf_counter() - begun_s)
    return median(took[0]), median(took[1])


async def _waiting(url: str) -> tuple[float, float]:
    """The same from an event loop."""
    async with AsyncClient(url) as client, httpx.AsyncClient(base_url=url) as raw:

        async def by_sdk() -> object:
            return (await client.chat(_QUESTION, model=_EXPERT, max_tokens=8)).text

        async def by_httpx() -> object:
            reply = await raw.post("/v1/chat/completions", json=_BODY)
            return reply.raise_for_status().json()

        sides: tuple[Callable[[], Awaitable[object]], ...] = (by_sdk, by_httpx)
        took: tuple[list[float], list[float]] = ([], [])
        for number in range(-_WARM, _PAIRS):
            for side in (0, 1) if number % 2 else (1, 0):
                begun_s = perf_counter()
                await sides[side]()
                if number >= 0:
                    took[side].append(perf_counter() - begun_s)
    return median(took[0]), median(took[1])
