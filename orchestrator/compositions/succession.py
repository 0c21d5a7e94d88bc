"""An answer by the next expert where the one that was chosen cannot give it.

Nothing is tried again once a chunk was sent, nor once a stream has told its caller who answers,
and all tries together have one request's time.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, replace

from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.stages import worth_telling
from orchestrator.engines.base import Item
from orchestrator.engines.notices import HEAD_S, Notice
from orchestrator.engines.streams import reading
from orchestrator.errors import (
    ContextTooLongError,
    DispatchError,
    EngineError,
    OrchestratorError,
    UnsupportedParameterError,
)

#: What another expert may be spared: engines that fail, and what one expert cannot take.
_ELSEWHERE = (DispatchError, EngineError, ContextTooLongError, UnsupportedParameterError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """Tries experts in order until one begins to answer.

    Args:
        generation: what they answer from.
        clock: seconds, monotonic.
    """

    generation: Generation
    clock: Callable[[], float]

    def reply(self, query: Query, decision: Decision) -> Reply:
        """The answer of the expert that was decided for, or of the first of its fallbacks."""
        items = self.generation.items(query, decision)
        reply = Reply(decision=decision, items=items)
        if decision.fallbacks:
            reply.items = self._tried(reply, items, query)
        return reply

    async def _tried(
        self, reply: Reply, items: AsyncIterator[Item], query: Query
    ) -> AsyncGenerator[Item, None]:
        began_s, errors = self.clock(), list[OrchestratorError]()
        while True:
            is_told = False
            try:
                async with reading(items) as answer:
                    async for item in answer:
                        is_told = is_told or _tells(item, query)
                        yield item
                return
            except _ELSEWHERE as error:
                errors.append(error)
                query = self._with_time_left(query, reply.decision, began_s)
                if is_told or query.timeout_s == 0 or not self._may_try(reply.decision, query):
                    raise worth_telling(errors) from error
                began_s = self.clock()
                reply.decision = self._instead(reply.decision, error, query)
            items = self.generation.items(query, reply.decision)

    def _may_try(self, decision: Decision, query: Query) -> bool:
        if not decision.fallbacks:
            return False
        return query.course is None or query.course.retries.take()

    def _with_time_left(self, query: Query, decision: Decision, began_s: float) -> Query:
        took_s = self.clock() - began_s
        return replace(
            query,
            timeout_s=max(self.generation.timeout_s(query) - took_s, 0.0),
            max_wait_s=max(self.generation.max_wait_s(query, decision) - took_s, 0.0),
        )

    def _instead(self, decision: Decision, error: OrchestratorError, query: Query) -> Decision:
        expert_id, *left = decision.fallbacks
        expert = self.generation.registry.expert(expert_id)
        assert expert is not None, "candidates are experts of the registry"
        return replace(
            decision,
            expert=expert_id,
            fallbacks=tuple(left),
            failed={**decision.failed, decision.expert: error.code},
            defaults=self.generation.filled_in(query.sampling, expert),
        )


def _tells(item: Item, query: Query) -> bool:
    """Whether the caller of `query` learns with `item` who answers."""
    if isinstance(item, Notice):
        return query.is_streamed and item.waited_s > HEAD_S
    return True
