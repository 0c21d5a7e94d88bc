"""Clients of a soak: each waits for the end of its request before its next one.

One that is refused and told when to come back comes back then, a few times, and holds up nobody
meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter

import aiohttp
import orjson

from bench.soak_outcomes import HUNG, Outcome, of_stream, of_whole

_DATA = b"data: "
#: The longest `Retry-After` that is waited for: an engine that was killed on a busy machine takes
#: a minute to be back.
MAX_PAUSE_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request, and the words of its answer."""

    model: str
    text: str
    expected: str
    is_streamed: bool
    #: How often it is sent again where it is refused with `Retry-After`.
    max_again: int = 3

    @property
    def body(self) -> bytes:
        """The request's body."""
        turns = [{"role": "user", "content": self.text}]
        return orjson.dumps({"model": self.model, "messages": turns, "stream": self.is_streamed})


@dataclass(slots=True, kw_only=True)
class Tally:
    """What all requests ended in."""

    num_by_kind: Counter[str] = field(default_factory=Counter)
    #: By model and kind, and by the code of what was no answer.
    num_by_model: dict[str, Counter[str]] = field(default_factory=dict)
    #: Codes of refusals that said when to come back, by model; whoever got them did.
    num_again_by_model: dict[str, Counter[str]] = field(default_factory=dict)
    num_by_code: Counter[str] = field(default_factory=Counter)
    #: The first message of each code.
    said_by_code: dict[str, str] = field(default_factory=dict)
    #: Of endings that may not be: the first few, whole.
    seen: list[str] = field(default_factory=list)
    #: Connections that were closed while idle: the request was sent again.
    num_reconnects: int = 0
    longest_s: float = 0.0

    @property
    def num_ended(self) -> int:
        """Requests that are over."""
        return self.num_by_kind.total()

    def add_again(self, question: Question, outcome: Outcome) -> None:
        """Count a refusal that is no end, since its client comes back."""
        self.num_again_by_model.setdefault(question.model, Counter())[outcome.code] += 1

    def add(self, question: Question, outcome: Outcome, *, took_s: float) -> None:
        """Count one."""
        self.num_by_kind[outcome.kind] += 1
        self.num_by_model.setdefault(question.model, Counter())[outcome.kind] += 1
        self.longest_s = max(self.longest_s, took_s)
        if outcome.kind == "answered":
            return
        self.num_by_code[outcome.code if outcome.kind == "refused" else outcome.kind] += 1
        if outcome.kind == "refused":
            self.said_by_code.setdefault(outcome.code, outcome.message)
        elif len(self.seen) < 50:
            self.seen.append(f"{outcome.kind}: {question.model}, {question.text!r}: {outcome.code}")


async def ask_all(
    url: str,
    questions: Iterator[Question],
    *,
    clients: int,
    timeout_s: float,
    tally: Tally,
    key: str = "",
) -> None:
    """Ask every question once, `clients` at a time, and count how each ended.

    Args:
        url: the service.
        questions: shared by the clients.
        clients: how many ask at a time.
        timeout_s: a request that takes longer hangs.
        tally: counts.
        key: sent with each request where the service asks for one.
    """
    headers = {"content-type": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, connector=connector, headers=headers) as session:

        async def ask(question: Question, left: int) -> None:
            began_s = perf_counter()
            outcome = await _ended(session, question, timeout_s, tally)
            pause_s = outcome.retry_after_s
            if left and pause_s is not None and pause_s <= MAX_PAUSE_S:
                tally.add_again(question, outcome)
                group.create_task(later(question, left - 1, pause_s))
            else:
                tally.add(question, outcome, took_s=perf_counter() - began_s)

        async def later(question: Question, left: int, pause_s: float) -> None:
            await asyncio.sleep(pause_s)
            await ask(question, left)

        async def client() -> None:
            for question in questions:
                await ask(question, question.max_again)

        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(client())


async def _ended(
    session: aiohttp.ClientSession, question: Question, timeout_s: float, tally: Tally
) -> Outcome:
    try:
        async with asyncio.timeout(timeout_s):
            return await _asked(session, question, tally)
    except TimeoutError:
        return HUNG
    except aiohttp.ClientError as exc:
        return Outcome(kind="broken", code=f"{type(exc).__name__}: {exc}")


async def _asked(session: aiohttp.ClientSession, question: Question, tally: Tally) -> Outcome:
    """Ask; a connection that was closed while it was idle is opened anew, as clients do."""
    try:
        return await _read(session, question)
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
        tally.num_reconnects += 1
    return await _read(session, question)


async def _read(session: aiohttp.ClientSession, question: Question) -> Outcome:
    async with session.post("/v1/chat/completions", data=question.body) as response:
        if not question.is_streamed or response.status != 200:
            body = await response.read()
            outcome = of_whole(response.status, body, expected=question.expected)
            pause = response.headers.get("retry-after")
            return outcome if pause is None else replace(outcome, retry_after_s=float(pause))
        events = [
            line.removeprefix(_DATA).rstrip()
            async for line in response.content
            if line.startswith(_DATA)
        ]
        return of_stream(events, expected=question.expected)


def numbered(
    num: int, question_of: Callable[[int], Question], *, is_over: Callable[[], bool]
) -> Iterator[Question]:
    """The first `num` questions, fewer where it is over sooner."""
    for index in range(num):
        if is_over():
            return
        yield question_of(index)
