"""Two hundred edits of a running service under load: nothing lost, nothing mixed, nothing late.

The experts are scripted, so that what is measured is the service: 64 clients on two gateways, and
between the windows with edits as many without.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import orjson

from bench.asking import Asking
from bench.editions import Edit, Editions
from bench.process import BenchError, Running, start
from bench.replies import Reply, apart_s, failures, mixed, spread
from bench.report import Outcome, Target
from bench.service import Service, start_service
from bench.setup import Setup

NAME = "edits"
NUM_EDITS = 200
NUM_CLIENTS = 64
NUM_LASTING = 12
TOKEN_DELAY_MS = 10.0
#: Requests for a removed expert that must all be refused; more than the gateways together keep.
NUM_PROBES = 16
#: Of each window, until its clients have all asked.
WARM_S = 1.0
#: Edits come this often, or one after another where that is slower.
EDITS_PER_S = 4.0
NUM_MANY = 1000

FAILED = Target(name="edits: failed requests", sense="<=", limit=0)
MIXED = Target(name="edits: replies that mix generations", sense="<=", limit=0)
TAKEN = Target(name="edits: faulty edits taken, sound ones refused", sense="<=", limit=0)
GONE = Target(name="edits: a removed expert gone everywhere", sense="<", limit=1, unit="s")
APART = Target(name="edits: gateways differ, p99", sense="<", limit=1, unit="s")
MANY = Target(name="edits: one of 1,000 experts, everywhere", sense="<", limit=1, unit="s")
RATIO = Target(name="edits: requests a second, of those without edits", sense=">=", limit=0.95)
TARGETS = (FAILED, MIXED, TAKEN, GONE, APART, MANY, RATIO)


@dataclass(slots=True)
class Seen:
    """What the whole go saw."""

    replies: list[Reply] = field(default_factory=list)
    #: Generation -> expert -> edition.
    editions: dict[int, dict[str, int]] = field(default_factory=dict)
    edit_s: list[float] = field(default_factory=list)
    refusal_s: list[float] = field(default_factory=list)
    gone_s: list[float] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    surprises: list[str] = field(default_factory=list)
    #: Edits of one expert of `NUM_MANY`.
    many_s: list[float] = field(default_factory=list)
    #: Requests a second of each window.
    quiet: list[float] = field(default_factory=list)
    edited: list[float] = field(default_factory=list)


def measure(setup: Setup) -> Outcome:
    """Edit a service under load.

    Raises:
        BenchError: it did not start, or its clients ended early.
    """
    editions = Editions(num_lasting=NUM_LASTING, token_delay_ms=TOKEN_DELAY_MS)
    registry = setup.folder / "editions.yaml"
    setup.folder.mkdir(parents=True, exist_ok=True)
    registry.write_text(editions.text())
    service = start_service(registry, gateways=setup.gateways, folder=setup.folder)
    seen = Seen()
    try:
        with httpx.Client(base_url=service.url, timeout=60) as http:
            live = http.get("/admin/registry").raise_for_status().json()["generation"]
            seen.editions[live] = dict(editions.editions)
            for number in range(setup.rounds):
                _round(setup, service, http, editions, seen, number)
            seen.many_s = [_one_of_many_s(http) for _ in range(setup.rounds)]
    finally:
        service.process.stop()
    return _outcome(seen, setup)


def _round(
    setup: Setup, service: Service, http: httpx.Client, editions: Editions, seen: Seen, number: int
) -> None:
    """A window without edits and an equal one with them."""
    num_edits = NUM_EDITS // setup.rounds
    with _asked(setup, service, editions, seen, seen.quiet, name=f"quiet-{number}"):
        time.sleep(WARM_S + num_edits / EDITS_PER_S)
    with _asked(setup, service, editions, seen, seen.edited, name=f"edited-{number}"):
        time.sleep(WARM_S)
        began_s = time.perf_counter()
        for place in range(num_edits):
            time.sleep(max(0.0, began_s + place / EDITS_PER_S - time.perf_counter()))
            _edit(http, editions, seen)


@contextmanager
def _asked(
    setup: Setup, service: Service, editions: Editions, seen: Seen, rates: list[float], *, name: str
) -> Iterator[None]:
    out = setup.folder / f"replies-{name}.jsonl"
    asking = Asking(url=service.url, experts=editions.lasting, clients=NUM_CLIENTS, out=str(out))
    argv = [sys.executable, "-m", "bench.asking", orjson.dumps(asdict(asking)).decode()]
    began_s = time.time()
    clients = start(argv, log=setup.folder / f"asking-{name}.log", talks=True)
    try:
        yield
        stopped_s = time.time()
    finally:
        clients.stop()
    replies = _replies(out, clients)
    seen.replies += replies
    first_s = max(began_s, min(one.started_s for one in replies)) + WARM_S
    num = sum(first_s <= one.ended_s <= stopped_s for one in replies)
    rates.append(num / (stopped_s - first_s))


def _replies(out: Path, clients: Running) -> list[Reply]:
    if not out.is_file():
        raise BenchError(f"the clients ended without replies: {clients.tail()}")
    return [Reply(**orjson.loads(line)) for line in out.read_bytes().splitlines()]


def _edit(http: httpx.Client, editions: Editions, seen: Seen) -> None:
    edit = editions.draw()
    seen.kinds[edit.kind] = seen.kinds.get(edit.kind, 0) + 1
    began_s = time.perf_counter()
    answer = http.post("/admin/registry", content=edit.text, headers={"content-type": "text/yaml"})
    took_s = time.perf_counter() - began_s
    if (answer.status_code == 200) != (edit.kind != "invalid"):
        seen.surprises.append(f"{edit.kind}: {answer.status_code} {answer.text[:300]}")
    if answer.status_code != 200:
        seen.refusal_s.append(took_s)
        return
    editions.take(edit)
    seen.edit_s.append(took_s)
    seen.editions[answer.json()["generation"]] = dict(edit.editions)
    if edit.kind == "remove":
        seen.gone_s.append(_gone_s(http, edit))


def _gone_s(http: httpx.Client, edit: Edit) -> float:
    """Seconds from the answer to the edit until no probe finds the expert any more."""
    body = {"model": edit.expert, "messages": [{"role": "user", "content": "Still there?"}]}
    began_s, last_s = time.perf_counter(), 0.0
    num_refused = 0
    while num_refused < NUM_PROBES and last_s < 60:
        asked_s = time.perf_counter() - began_s
        status = http.post("/v1/chat/completions", json=body).status_code
        num_refused = num_refused + 1 if status == 404 else 0
        last_s = last_s if status == 404 else asked_s
    return last_s


def _one_of_many_s(http: httpx.Client) -> float:
    """Seconds of an edit of one expert beside many others, without load.

    Raises:
        BenchError: it was refused.
    """
    many = Editions(num_lasting=NUM_MANY, token_delay_ms=TOKEN_DELAY_MS)
    took_s = 0.0
    for edition in (1, 2):
        many.editions["e500"] = edition
        began_s = time.perf_counter()
        answer = http.post(
            "/admin/registry", content=many.text(), headers={"content-type": "text/yaml"}
        )
        took_s = time.perf_counter() - began_s
        if answer.status_code != 200:
            raise BenchError(f"an edit was refused: {answer.text[:300]}")
    return took_s


def _outcome(seen: Seen, setup: Setup) -> Outcome:
    failed, strange = failures(seen.replies), mixed(seen.replies, seen.editions)
    flips = sorted(seen.editions)[1:]
    apart = spread(apart_s(seen.replies, flips))
    ratio = median(edited / quiet for edited, quiet in zip(seen.edited, seen.quiet, strict=True))
    values = {
        FAILED.name: float(len(failed)),
        MIXED.name: float(len(strange)),
        TAKEN.name: float(len(seen.surprises)),
        GONE.name: max(seen.gone_s, default=0.0),
        APART.name: apart["p99"],
        MANY.name: median(seen.many_s),
        RATIO.name: ratio,
    }
    figures: dict[str, Any] = {
        "num_requests": len(seen.replies),
        "clients": NUM_CLIENTS,
        "gateways": setup.gateways,
        "edits": seen.kinds,
        "edit_s": spread(seen.edit_s),
        "refusal_s": spread(seen.refusal_s or [0.0]),
        "apart_s": apart,
        "gone_s": spread(seen.gone_s or [0.0]),
        "one_of_many_s": seen.many_s,
        "requests_per_s": {"quiet": seen.quiet, "edited": seen.edited},
        "failures": failed[:20],
        "mixed": strange[:20],
        "surprises": seen.surprises[:20],
    }
    rows = [
        ("edits: requests under them", f"{len(seen.replies):,}"),
        ("edits: one until every gateway serves it, p50 s", f"{figures['edit_s']['p50']:.3f}"),
        ("edits: one until every gateway serves it, p99 s", f"{figures['edit_s']['p99']:.3f}"),
        ("edits: gateways differ, p50 s", f"{apart['p50']:.3f}"),
    ]
    return Outcome(values=values, figures=figures, rows=rows)
