"""What a composition is: a program over routers and experts that callers use as a model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from orchestrator.compositions.allowed import Allowed
from orchestrator.compositions.course import Course
from orchestrator.compositions.ledger import Allowance, Ledger
from orchestrator.compositions.progress import Told
from orchestrator.compositions.stages import StageDone, author_of
from orchestrator.engines.base import Prompt, Sampling, Structure
from orchestrator.routing.limits import UNLIMITED, Limits
from routers.base import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One request as its caller meant it, after parsing."""

    id: str
    #: The expert or composition named by the caller.
    model: str
    prompt: Prompt
    sampling: Sampling = field(default_factory=Sampling)
    structure: Structure | None = None
    timeout_s: float | None = None
    #: Longest wait for an expert's turn; the registry's where it is silent.
    max_wait_s: float | None = None
    #: Advice of a batch: higher is sooner, and its place in its caller's plan, lower is sooner.
    priority: int = 0
    order: int | None = None
    #: See `Call.begun`.
    begun: tuple[int, ...] = ()
    echo: bool = False
    #: False: nobody reads along, so the answer may come in one chunk.
    is_streamed: bool = True
    #: Nobody waits for it: caps of time bind its calls by what they take, and not by how long they
    #: are held before.
    is_patient: bool = False
    #: The caller wants an expert to answer, even where the answer is known.
    is_fresh: bool = False
    #: What binds every expert that is asked for it.
    limits: Limits = UNLIMITED
    user: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    #: What its caller may spend over many requests; `None` has no bound.
    allowance: Allowance | None = None
    #: What it shares with all calls of its request; `None` where nothing was asked yet.
    course: Course | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who answers and why; known before the first token."""

    expert: str
    generation: int
    composition: str | None = None
    router: str | None = None
    router_version: str | None = None
    route: Route | None = None
    #: Who might have been chosen; `None` where the caller named who answers.
    allowed: Allowed | None = None
    #: Who would be asked together by a composition that asks several, best first; nobody where
    #: the router recruits one.
    team: tuple[str, ...] = ()
    #: Who answers where the expert cannot, in order.
    fallbacks: tuple[str, ...] = ()
    #: Experts that were to answer before this one and could not -> code of their error.
    failed: Mapping[str, str] = field(default_factory=dict)
    #: How often another call went on with an answer that broke off.
    num_continued: int = 0
    #: Seconds spent in routing.
    routing_s: float = 0.0
    #: What the registry filled in where the caller was silent: field of `Sampling` -> value.
    defaults: Mapping[str, float] = field(default_factory=dict)

    @property
    def recalled(self) -> str | None:
        """The known answer that is told, where no expert is asked."""
        return None if self.route is None else self.route.answer

    @property
    def answered_by(self) -> str | None:
        """The expert that answers; `None` where a known answer is told."""
        return self.expert if self.recalled is None else None


@dataclass(slots=True, kw_only=True)
class Reply:
    """A decided request: its decision at once, what it is told and its answer as they come."""

    #: Another one where the expert could not answer and another does; final with the first chunk.
    decision: Decision
    items: AsyncIterator[Told]
    #: What a composition of several calls has done, filled as stages end; nothing of one call.
    stages: list[StageDone] = field(default_factory=list)
    #: Its account; `None` where nothing is asked.
    ledger: Ledger | None = None

    @property
    def told(self) -> Decision:
        """The decision, with the expert that wrote what a nested composition told."""
        author = author_of(self.decision.expert, self.stages)
        if author == self.decision.expert:
            return self.decision
        return replace(self.decision, expert=author)

    @property
    def reached(self) -> tuple[str, ...]:
        """The caps for which something was left out: the answer is the best within them."""
        return () if self.ledger is None else self.ledger.reached


class Composition(Protocol):
    """Answers queries by calling experts."""

    async def decide(self, query: Query) -> Decision:
        """Route only: nothing is generated."""
        ...

    async def reply(self, query: Query) -> Reply:
        """Decide, then stream the answer."""
        ...
