"""`kind: route`: the one expert that a router chooses."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.choosing import Choosing
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.recalled import recalled
from orchestrator.compositions.succession import Succession
from orchestrator.routing.limits import UNLIMITED, Limits


class RouteOne:
    """Asks the router for the best expert that may answer, then that expert.

    Args:
        choosing: its router, ready to be asked.
        generation: what it answers from.
        limits: what binds every expert it asks.
        num_fallbacks: further experts to try while nothing was answered.
    """

    def __init__(
        self, choosing: Choosing, generation: Generation, *, limits: Limits, num_fallbacks: int
    ) -> None:
        self._choosing = choosing
        self._limits = limits
        self._num_fallbacks = num_fallbacks
        self._succession = Succession(generation=generation, clock=generation.clock)

    async def decide(self, query: Query) -> Decision:
        """Route the query among the experts that can take it within its limits.

        Raises:
            RequestError: no expert can take it, or its text is not known here.
            OverloadedError: no expert is expected to answer as soon as it wants.
        """
        return await self._choosing.decide(self._bound(query), num_fallbacks=self._num_fallbacks)

    async def reply(self, query: Query) -> Reply:
        """Route, then start the chosen expert's answer; others follow where it has none."""
        query = self._bound(query)
        decision = await self._choosing.decide(query, num_fallbacks=self._num_fallbacks)
        if decision.recalled is not None:
            return recalled(decision, decision.recalled)
        return self._succession.reply(query, decision)

    def _bound(self, query: Query) -> Query:
        if self._limits == UNLIMITED:
            return query
        limits = self._limits.tightened(query.limits)
        course = None if query.course is None else query.course.within(limits)
        return replace(query, limits=limits, course=course)
