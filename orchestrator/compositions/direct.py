"""The simplest program: the expert that the caller named."""

from __future__ import annotations

from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.succession import Succession
from orchestrator.registry.models import Expert


class Direct:
    """Answers with one expert; nothing is routed."""

    def __init__(self, expert: Expert, generation: Generation) -> None:
        self._expert = expert
        self._generation = generation
        self._succession = Succession(generation=generation, clock=generation.clock)

    async def decide(self, query: Query) -> Decision:
        """The expert itself, if it can take the query within its limits.

        Raises:
            RequestError: this expert cannot take what the query carries, or may not.
            OverloadedError: it is not expected to answer as soon as the query wants.
        """
        self._generation.admission.check(self._expert.id, query)
        return Decision(
            expert=self._expert.id,
            generation=self._generation.number,
            defaults=self._generation.filled_in(query.sampling, self._expert),
        )

    async def reply(self, query: Query) -> Reply:
        """Start the expert's answer."""
        return self._succession.reply(query, await self.decide(query))
