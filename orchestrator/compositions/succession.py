"""An answer by another call where the one that was chosen cannot give it, or breaks it off.

Before anything was said the next expert is asked the same. Afterwards another call goes on from
what was said, first of the same expert and then of the next ones, where that is possible: plain
text, by an expert that can go on. Else the answer ends as an error. All tries together have one
request's time and its budget of further tries.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field, replace

from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.going_on import Said, can_go_on, going_on
from orchestrator.compositions.stages import worth_telling
from orchestrator.engines.base import Chunk, Delta, Item, Text, Usage
from orchestrator.engines.streams import reading
from orchestrator.errors import (
    ContextTooLongError,
    DispatchError,
    EngineError,
    EngineProtocolError,
    LimitsError,
    OrchestratorError,
    QuotaError,
    UnsupportedParameterError,
)
from orchestrator.errors.frames import let_go
from orchestrator.events.telling import tell
from orchestrator.metrics import CONTINUED

log = logging.getLogger(__name__)

#: What another expert may be spared: engines that fail, and what one expert cannot take.
_ELSEWHERE = (DispatchError, EngineError, ContextTooLongError, UnsupportedParameterError)


@dataclass(slots=True, kw_only=True)
class _Course:
    """One answer and what was tried for it."""

    query: Query
    #: When the call under way began.
    began_s: float
    said: Said = field(default_factory=Said)
    errors: list[OrchestratorError] = field(default_factory=list)
    #: Experts that were asked a second time.
    again: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """Tries experts in order until one has answered.

    Args:
        generation: what they answer from.
        clock: seconds, monotonic.
        asks_again: whether one that is alone is asked once more where it said nothing of use: a
            composition of several calls has its own ways.
    """

    generation: Generation
    clock: Callable[[], float]
    asks_again: bool = True

    def reply(self, query: Query, decision: Decision) -> Reply:
        """The answer of the expert that was decided for, or of whoever can take its place."""
        items = self.generation.items(query, decision)
        reply = Reply(decision=decision, items=items)
        reply.items = self._tried(reply, items, query)
        return reply

    async def _tried(
        self, reply: Reply, items: AsyncIterator[Item], query: Query
    ) -> AsyncGenerator[Item, None]:
        course = _Course(query=query, began_s=self.clock())
        said = course.said
        while True:
            try:
                async with reading(items) as answer:
                    async for item in answer:
                        if isinstance(item, Chunk):
                            said.hear(item)
                            item = said.with_all(item)  # noqa: PLW2901
                        yield item
                return
            except _ELSEWHERE as error:
                self._note(course, reply.decision, error)
                reply.decision = self._instead(course, reply.decision, error)
            except (LimitsError, QuotaError) as error:
                # Nothing is left for another try: what made it necessary is worth telling.
                raise (worth_telling(course.errors) if course.errors else error) from error
            left = self._left_tokens(course, reply.decision)
            if left <= 0:
                yield _at_its_length(said)
                return
            items = self.generation.items(self._asked(course, reply.decision, left), reply.decision)

    def _note(self, course: _Course, decision: Decision, error: OrchestratorError) -> None:
        """Remember a failure, and what time is left."""
        took_s = self.clock() - course.began_s
        course.errors.append(error)
        let_go(error)
        course.said.break_off(decision.expert, self.generation.prices.get(decision.expert))
        query = course.query
        course.query = replace(
            query,
            timeout_s=max(self.generation.timeout_s(query) - took_s, 0.0),
            max_wait_s=max(self.generation.max_wait_s(query, decision) - took_s, 0.0),
        )
        course.began_s = self.clock()

    def _instead(self, course: _Course, decision: Decision, error: OrchestratorError) -> Decision:
        """Who answers now.

        Raises:
            OrchestratorError: nobody; of all that failed, what is worth telling.
        """
        has_begun = course.said.has_begun
        expert_id, left = self._next(course, decision, error)
        retries = None if course.query.course is None else course.query.course.retries
        is_over = course.query.timeout_s == 0 or expert_id is None
        if is_over or not (retries is None or retries.take()):
            told = worth_telling(course.errors)
            raise told from (None if told is error else error)
        assert expert_id is not None, "somebody is left"
        expert = self.generation.registry.expert(expert_id)
        assert expert is not None, "candidates are experts of the registry"
        if has_begun:
            CONTINUED.labels(code=error.code).inc()
        tell(
            log,
            "fallback",
            expert=decision.expert,
            instead=expert_id,
            error_code=error.code,
            num_sent=course.said.num_sent,
        )
        return replace(
            decision,
            expert=expert_id,
            fallbacks=left,
            failed={**decision.failed, decision.expert: error.code},
            num_continued=decision.num_continued + has_begun,
            defaults=self.generation.filled_in(course.query.sampling, expert),
        )

    def _next(
        self, course: _Course, decision: Decision, error: OrchestratorError
    ) -> tuple[str | None, tuple[str, ...]]:
        """Whom to ask now, and who is left then."""
        said, expert_id, left = course.said, decision.expert, decision.fallbacks
        if said.has_begun:
            if not (said.is_plain and can_go_on(course.query)):
                return None, ()
            left = tuple(one for one in left if self._goes_on(one, course))
            if self._goes_on(expert_id, course) and expert_id not in course.again:
                left = (expert_id, *left)
        elif self._is_asked_again(course, left, error):
            left = (expert_id,)
        if not left:
            return None, ()
        if left[0] == expert_id:
            course.again.add(expert_id)
        return left[0], left[1:]

    def _is_asked_again(
        self, course: _Course, left: tuple[str, ...], error: OrchestratorError
    ) -> bool:
        """Once, where nobody else is left, and what came was cut or malformed."""
        is_alone = self.asks_again and not left and not course.again
        return is_alone and isinstance(error, EngineProtocolError)

    def _goes_on(self, expert_id: str, course: _Course) -> bool:
        """Whether an expert can go on with what another call has said.

        The one that said it can by its tokens, if it told them, and all can with raw text.
        """
        if course.said.begun(expert_id):
            return True
        expert, prompt = self.generation.registry.expert(expert_id), course.query.prompt
        if isinstance(prompt, Text):
            return expert is not None and prompt.token_ids is None
        return expert is not None and expert.goes_on

    def _left_tokens(self, course: _Course, decision: Decision) -> int:
        """How long the rest of the answer may be."""
        asked = course.query.sampling.max_tokens or decision.defaults.get("max_tokens")
        assert asked is not None, "the registry says it where nobody else does"
        return int(asked) - course.said.num_tokens

    def _asked(self, course: _Course, decision: Decision, max_tokens: int) -> Query:
        if not course.said.has_begun:
            return course.query
        return going_on(course.query, course.said, expert=decision.expert, max_tokens=max_tokens)


def _at_its_length(said: Said) -> Chunk:
    """The end of an answer that broke off when it was as long as it may be."""
    used = Usage(prompt_tokens=0, completion_tokens=said.num_tokens)
    return Chunk(deltas=(Delta(finish_reason="length"),), usage=used)
