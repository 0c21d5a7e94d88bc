"""What compositions of several calls have in common: refuse, bind, decide, stage, answer.

A kind says who would be asked (`_decided`) and what its stages come to (`_answered`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, TypeVar

from orchestrator.compositions.asking import Prompts
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.choosing import Choosing
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.progress import Board, Told, interleaved
from orchestrator.compositions.reading_answers import Reading
from orchestrator.compositions.recalled import recalled
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.taking import refuse_unfit, refuse_without_turns
from orchestrator.errors import OrchestratorError, OverloadedError, RequestError
from orchestrator.registry.composition_entry import CompositionEntry
from orchestrator.routing.limits import Limits

S = TypeVar("S", bound=CompositionEntry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a program is built of beside its entry.

    Attributes:
        id: its name in the registry.
        generation: what it answers from.
        limits: what binds every expert it asks.
        prompts: what experts in roles are told.
        router: its router, ready to be asked; `None` where its kind has none.
        reading: how it reads answers; `None` where its kind counts none.
    """

    id: str
    generation: Generation
    limits: Limits
    prompts: Prompts
    router: Choosing | None = None
    reading: Reading | None = None


class StagedProgram(ABC, Generic[S]):
    """Answers by stages of calls.

    Args:
        spec: its entry.
        setting: what else it is built of.
    """

    #: Whether it can continue raw text, which has no turns.
    takes_text: ClassVar[bool] = False

    def __init__(self, spec: S, setting: Setting) -> None:
        self.spec = spec
        self.id = setting.id
        self.generation = setting.generation
        self.prompts = setting.prompts
        self._limits = setting.limits
        self._router = setting.router
        self._reading = setting.reading

    @property
    def choosing(self) -> Choosing:
        """Its router, of a kind that has one."""
        assert self._router is not None, "the entry of its kind names a router"
        return self._router

    @property
    def reading(self) -> Reading:
        """How it reads answers, of a kind that counts them."""
        assert self._reading is not None, "the entry of its kind says so"
        return self._reading

    async def decide(self, query: Query) -> Decision:
        """Say who would be asked first; nothing is generated.

        Raises:
            RequestError: nobody can take the query, or it wants what several calls cannot give.
            OverloadedError: nobody is expected to answer as soon as it wants.
        """
        refuse_unfit(query, self.id)
        if not self.takes_text:
            refuse_without_turns(query, self.id)
        return await self._decided(self._bound(query))

    async def reply(self, query: Query) -> Reply:
        """Decide, then make the answer; who wrote it is known with its first chunk."""
        decision = await self.decide(query)
        if decision.recalled is not None:
            return recalled(decision, decision.recalled)
        bound = self._bound(query)
        course = self.generation.course(query) if query.course is None else query.course
        board = Board() if course.board is None and query.is_streamed else None
        course = replace(course.within(bound.limits), board=board or course.board)
        reply = Reply(decision=decision, items=_nothing(), ledger=course.ledger)
        reply.items = self._items(reply, replace(bound, course=course))
        if board is not None:
            reply.items = interleaved(reply.items, board)
        return reply

    @abstractmethod
    async def _decided(self, query: Query) -> Decision:
        """Who would be asked for a query within the limits; see `decide`."""

    @abstractmethod
    def _answered(self, reply: Reply, staging: Staging, query: Query) -> AsyncGenerator[Told, None]:
        """The answer; `reply` is told who gives it and who could not."""

    def why_not(self, model: str, query: Query) -> OrchestratorError | None:
        """Why an expert cannot or may not take `query`; a composition says so when it is asked."""
        if model in self.generation.programs:
            return None
        try:
            self.generation.admission.check(model, query)
        except (RequestError, OverloadedError) as error:
            return error
        return None

    def check(self, model: str, query: Query) -> None:
        """Make sure that an expert of a later stage can and may take `query`.

        What it may cost is looked at when it is asked, with what is left then.

        Raises:
            RequestError: it cannot, or may not.
        """
        limits = Limits(include=query.limits.include, exclude=query.limits.exclude)
        if (refusal := self.why_not(model, replace(query, limits=limits))) is not None:
            raise refusal

    def _items(self, reply: Reply, query: Query) -> AsyncIterator[Told]:
        staging = Staging(self.generation, query, composition_id=self.id, stages=reply.stages)
        return self._answered(reply, staging, query)

    def _bound(self, query: Query) -> Query:
        return replace(query, limits=self._limits.tightened(query.limits))


async def _nothing() -> AsyncGenerator[Told, None]:
    return
    yield
