"""What is known of one HTTP request while it is answered: its ids, clocks and outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from starlette.requests import Request
from starlette.types import Scope

from orchestrator.access.caller import ANYBODY, Caller
from orchestrator.access.metering import Admission
from orchestrator.api.images import Images
from orchestrator.api.waited import Waited
from orchestrator.caching.answer_cache import AnswerCache
from orchestrator.caching.use import Use
from orchestrator.compositions.base import Decision, Reply
from orchestrator.compositions.programs import Programs
from orchestrator.compositions.stages import StageDone
from orchestrator.engines.base import Usage
from orchestrator.tracing.spans import UNTRACED, Span

#: Where the exchange lives in the ASGI scope.
KEY = "orchestrator.exchange"
#: In the ASGI scope of a request from this process: its longest time, seconds. No server sets it.
TIMEOUT_S = "orchestrator.timeout_s"
#: The same: whose batch it is a line of, and which batch.
OWNER = "orchestrator.owner"
BATCH = "orchestrator.batch"


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and what became of it; filled in by whoever learns something.

    `engine_s` and `caller_s` collect the time spent waiting for the engine and for the caller's
    bytes, so that what remains is our own.
    """

    request_id: str
    #: Unix time of arrival, seconds.
    created_s: float
    clock: Callable[[], float] = time.perf_counter
    started_s: float
    #: Unique here even when callers reuse their request ids: names the answer and the call.
    call_id: str = field(default_factory=lambda: uuid4().hex)
    endpoint: str = "other"
    #: Who asks, and the batch that it is a line of.
    caller: Caller = ANYBODY
    batch: str | None = None
    #: On its way in, and in, until it has ended; `None` where nothing is counted.
    admission: Admission | None = None
    #: Longest time of a request that nobody waits for, seconds; the registry's where `None`.
    timeout_s: float | None = None
    #: True for requests that leave a decision record.
    is_recorded: bool = False
    model: str = ""
    is_known_model: bool = False
    is_streamed: bool = False
    generation: int | None = None
    #: What the request is pinned to, until it has ended.
    pinned: Programs | None = None
    #: Of its trace; ended with its accounts.
    span: Span = UNTRACED
    decision: Decision | None = None
    #: The answer under way: its decision may change and its stages grow until it has ended.
    reply: Reply | None = None
    usage: Usage | None = None
    user: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    #: Names of parameters and headers that were accepted and left aside.
    ignored: tuple[str, ...] = ()
    #: HTTP status sent, 0 while there is none. An answer that broke off after its 200 has the
    #: status of its error, one whose caller hung up has 499.
    status: int = 0
    error_code: str | None = None
    #: Answers that may be told again; `None` where none are kept.
    answers: AnswerCache | None = None
    #: Who fetches what it names by URL; nobody where it cannot name any.
    images: Images | None = None
    #: What they did for this request; `None` where there are none.
    cache: Use | None = None
    #: Whether the answer to an earlier request with its idempotency key is told again.
    is_replayed: bool = False
    #: Names what the request makes, by its idempotency key; empty where it has none.
    once: str = ""
    engine_s: float = 0.0
    caller_s: float = 0.0
    #: Seconds from arrival to the first chunk.
    first_token_s: float | None = None
    #: Of an operator's action: what came of it, for the audit log.
    target: str = ""
    #: How it waited for its turn, `None` where it did not.
    waited: Waited | None = None

    @property
    def stages(self) -> Sequence[StageDone]:
        """What a composition of several calls has done so far; nothing of one call."""
        return () if self.reply is None else self.reply.stages

    @property
    def reached(self) -> tuple[str, ...]:
        """The caps for which a composition left something out so far."""
        return () if self.reply is None else self.reply.reached

    def end(self, status: int, code: str) -> None:
        """Note that the request ended badly, and how."""
        self.status, self.error_code = status, code

    def pin(self, programs: Programs) -> None:
        """Keep to one generation, whatever becomes live meanwhile."""
        programs.num_pinned += 1
        self.pinned, self.generation = programs, programs.generation

    def unpin(self) -> None:
        """Let go of the generation: the request has ended."""
        if self.pinned is not None:
            self.pinned.num_pinned -= 1
            self.pinned = None

    def elapsed_s(self) -> float:
        """Seconds since arrival."""
        return self.clock() - self.started_s

    def overhead_ms(self) -> float:
        """Our own time so far, ms."""
        return max(0.0, self.elapsed_s() - self.engine_s - self.caller_s) * 1000.0


def exchange_of(request: Request) -> Exchange:
    """The exchange of a request that came through the gate."""
    return of_scope(request.scope)


def of_scope(scope: Scope) -> Exchange:
    """The exchange of an ASGI scope that came through the gate."""
    exchange = scope[KEY]
    assert isinstance(exchange, Exchange)
    return exchange
