"""One call of a stage, to an expert or to a composition: its answer as it comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.progress import Told
from orchestrator.compositions.stages import CallDone, calls_of, usage_of
from orchestrator.compositions.succession import Succession
from orchestrator.compositions.tracing_calls import end_inner, within
from orchestrator.engines.base import Chunk, Usage
from orchestrator.engines.collecting import Gathering
from orchestrator.engines.streams import reading
from orchestrator.errors import OrchestratorError
from orchestrator.tracing.spans import UNTRACED, Span


class OneCall:
    """Asks once, and knows at any time what came of it.

    Args:
        ask: what is asked.
        query: the request as it is asked, with its course.
        generation: what it is answered from.
        composition_id: who asks.
    """

    def __init__(
        self, ask: Ask, query: Query, generation: Generation, *, composition_id: str
    ) -> None:
        self._ask = ask
        self._query = query
        self._generation = generation
        self._id = composition_id
        self._gathering = Gathering()
        self._reply: Reply | None = None
        self._began_s = generation.clock()
        self._span: Span = UNTRACED
        #: What came of it, once it has ended.
        self._came: CallDone | None = None
        self.error: OrchestratorError | None = None

    async def items(self) -> AsyncGenerator[Told, None]:
        """The answer, with what a composition that is asked does before it.

        Raises:
            OrchestratorError: it failed; `done` knows it as well.
        """
        try:
            async with reading(await self._begun()) as answer:
                async for item in answer:
                    if isinstance(item, Chunk):
                        self._gathering.add(item)
                    yield item
        except OrchestratorError as error:
            self.error = error
            raise
        finally:
            self._came = self._came or self.done()
            end_inner(self._span, self.done)

    @property
    def num_ended(self) -> int:
        """Answers that have ended."""
        return self._gathering.num_ended

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.error is not None or self._gathering.usage is not None

    def done(self) -> CallDone:
        """What came of it so far."""
        if self._came is not None:
            return self._came
        gathering, num_asked = self._gathering, self._ask.sampling.n
        is_whole = gathering.usage is not None
        choices = gathering.answer().choices if is_whole else gathering.choices
        return CallDone(
            expert=self._ask.expert,
            took_s=self._generation.clock() - self._began_s,
            choices=choices,
            num_answers=len(choices),
            num_dropped=self._ask.num_dropped,
            num_open=0 if self.is_over else num_asked - len(choices),
            usage=self._usage(),
            is_whole=is_whole,
            error=self.error,
            answered_by=None if self._reply is None else self._reply.decision.answered_by,
            stages=() if self._reply is None else tuple(self._reply.stages),
        )

    async def _begun(self) -> AsyncIterator[Told]:
        program = self._generation.programs.get(self._ask.expert)
        if program is None:
            clock = self._generation.clock
            alone = Succession(generation=self._generation, clock=clock, asks_again=False)
            return alone.reply(self._query, self._decision()).items
        query = replace(self._query, model=self._ask.expert)
        assert query.course is not None, "a request that is answered has a course"
        self._span = query.course.span.child(f"invoke_workflow {query.model}")
        self._reply = await program.reply(within(query, self._span))
        return self._reply.items

    def _decision(self) -> Decision:
        expert = self._generation.registry.expert(self._ask.expert)
        assert expert is not None, "who is asked is of the registry"
        return Decision(
            expert=self._ask.expert,
            generation=self._generation.number,
            composition=self._id,
            defaults=self._generation.filled_in(self._ask.sampling, expert),
        )

    def _usage(self) -> Usage | None:
        """That of a composition grows with its stages."""
        if self._reply is None or self._gathering.usage is not None:
            return self._gathering.used
        calls = calls_of(self._reply.stages)
        return usage_of(calls) if calls else None
