"""Runs the stages of one composed request: calls together, one account, a last one streamed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

from orchestrator.compositions.asks import Ask, IsEnough, apart
from orchestrator.compositions.base import Query
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.one_call import OneCall
from orchestrator.compositions.progress import Progress, State, Told
from orchestrator.compositions.stages import CallDone, StageDone, calls_of, usage_of
from orchestrator.compositions.tracing_calls import end_stage, within
from orchestrator.engines.base import Chunk, Prompt, Sampling, Usage
from orchestrator.engines.streams import reading
from orchestrator.errors import (
    EngineTimeoutError,
    LimitsError,
    OrchestratorError,
    OverloadedError,
    RequestError,
)
from orchestrator.tracing.spans import Span


class Staging:
    """The stages of one request; made anew for each.

    Every call is bound by the limits of the request, has what is left of its time and caps, and is
    on its account.

    Args:
        generation: what experts answer from.
        query: the request, within the limits of its composition, with its course.
        composition_id: its name in the registry.
        stages: filled with each stage as it ends.
    """

    def __init__(
        self, generation: Generation, query: Query, *, composition_id: str, stages: list[StageDone]
    ) -> None:
        assert query.course is not None, "a request that is answered has a course"
        self._generation = generation
        self._query = query
        self._course = query.course
        self._id = composition_id
        self._clock = generation.clock
        self.ledger = query.course.ledger
        self.stages = stages

    @property
    def calls(self) -> tuple[CallDone, ...]:
        """Every call that has ended, stage by stage."""
        return calls_of(self.stages)

    @property
    def usage(self) -> Usage:
        """Of all calls that have ended."""
        return usage_of(self.calls)

    @property
    def is_streamed(self) -> bool:
        """Whether somebody reads along."""
        return self._query.is_streamed

    def left(self) -> Query:
        """The request with what is left of its time and caps."""
        return replace(self._query, timeout_s=self.ledger.left_s, limits=self.ledger.left())

    def why_not(self, ask: Ask) -> OrchestratorError | None:
        """Why a call cannot be made any longer, with what is left of time and caps."""
        query = self._call_of(self.left(), ask, "", 0)
        if query.timeout_s == 0:
            self.ledger.mark("timeout_s")
            return EngineTimeoutError(f"no time is left to ask {ask.expert!r}")
        if ask.expert in self._generation.programs:
            return None  # it says so itself
        refusal: OrchestratorError | None
        try:
            self._generation.admission.check(ask.expert, query)
            refusal = self.ledger.why_not(self._generation.most(ask.expert, query))
        except (RequestError, OverloadedError) as error:
            refusal = error
        if isinstance(refusal, LimitsError) and refusal.param is not None:
            self.ledger.mark(refusal.param)
        return refusal

    def announce(self, *models: str) -> None:
        """Tell ahead whom a later stage will call."""
        known = self._generation.version_by_id
        self._generation.announce([name for name in models if name in known])

    def asks(
        self,
        model: str,
        sampling: Sampling,
        *,
        prompt: Prompt | None = None,
        is_free: bool = False,
    ) -> list[Ask]:
        """The calls that come to `sampling.n` answers of one model.

        One of an expert; of a composition, which makes one answer at a time, as many.
        """
        whole = Ask(expert=model, sampling=sampling, prompt=prompt, is_free=is_free)
        return apart(whole) if model in self._generation.programs else [whole]

    async def run(
        self, name: str, asks: Sequence[Ask], *, is_enough: IsEnough | None = None
    ) -> tuple[CallDone, ...]:
        """Make all calls at the same time and return them in the order of `asks`.

        A call that fails is a value, and keeps the answers that had ended. What is still under way
        once `is_enough` is ended, unless the caller sent a seed. A caller that hangs up ends all.
        """
        if self._query.sampling.seed is not None:
            is_enough = None  # who is cut off is chance, and a seed is to give the same words again
        left = self.left()
        queries = [self._call_of(left, ask, name, place) for place, ask in enumerate(asks)]
        stage = self._begun(name, asks, queries)
        try:
            async with asyncio.TaskGroup() as group:
                for call in stage.calls:
                    group.create_task(self._made(call, stage, is_enough))
        except* _EnoughError:
            pass
        finally:
            done = self._ended(stage)
        self._tell(stage, "done")
        return done

    async def last(self, name: str, ask: Ask) -> AsyncGenerator[Told, None]:
        """Stream the answer of the call that ends the request, its usage with that of all.

        Raises:
            OrchestratorError: it failed.
        """
        before, query = self.calls, self._call_of(self.left(), ask, name, 0)
        query = replace(query, is_streamed=self._query.is_streamed)
        stage = self._begun(name, [ask], [query])
        [call] = stage.calls
        try:
            async with reading(call.items()) as answer:
                async for item in answer:
                    if isinstance(item, Chunk) and item.usage is not None:
                        summed = usage_of((*before, call.done()))
                        item = replace(item, usage=summed)  # noqa: PLW2901
                    yield item
        finally:
            if call.error is not None:
                self._mark_time()
            self._ended(stage)

    def _begun(self, name: str, asks: Sequence[Ask], queries: Sequence[Query]) -> _Stage:
        span = self._course.span.child(f"stage {name}")
        calls = [
            OneCall(ask, within(query, span), self._generation, composition_id=self._id)
            for ask, query in zip(asks, queries, strict=True)
        ]
        models = tuple(dict.fromkeys(ask.expert for ask in asks))
        stage = _Stage(name=name, began_s=self._clock(), models=models, calls=calls, span=span)
        self._tell(stage, "started")
        return stage

    async def _made(self, call: OneCall, stage: _Stage, is_enough: IsEnough | None) -> None:
        """Read one call to its end, or until what all have is enough."""

        def look() -> None:
            if is_enough is not None and is_enough([one.done() for one in stage.calls]):
                raise _EnoughError

        num_seen = 0
        try:
            async with reading(call.items()) as items:
                async for _ in items:
                    if call.num_ended > num_seen and not call.is_over:
                        num_seen = call.num_ended
                        look()
        except OrchestratorError:
            self._mark_time()
        look()
        self._tell(stage, "running")

    def _mark_time(self) -> None:
        if self.ledger.left_s == 0:
            self.ledger.mark("timeout_s")

    def _call_of(self, query: Query, ask: Ask, stage: str, place: int) -> Query:
        return replace(
            query,
            id=f"{query.id}-{len(self.stages)}.{place}",
            prompt=query.prompt if ask.prompt is None else ask.prompt,
            sampling=ask.sampling,
            structure=None if ask.is_free else query.structure,
            echo=query.echo and ask.prompt is None,
            # Answers of several that have ended are there, whatever becomes of the others.
            is_streamed=ask.sampling.n > 1,
            course=self._course.at(stage),
        )

    def _tell(self, stage: _Stage, state: State) -> None:
        board = self._course.board
        if board is None:
            return
        board.tell(
            Progress(
                path=(*self._course.path, stage.name),
                state=state,
                num_done=sum(call.is_over for call in stage.calls),
                num_calls=len(stage.calls),
                models=stage.models,
                expected_s=self._expected_s(stage.models) if state == "started" else None,
                took_s=self._clock() - stage.began_s,
            )
        )

    def _expected_s(self, models: Sequence[str]) -> float | None:
        """The slowest of them, as far as it is known of all."""
        if any(name in self._generation.programs for name in models):
            return None
        expected = [self._generation.admission.answer_s(name) for name in models]
        known = [one for one in expected if one is not None]
        return max(known) if len(known) == len(models) else None

    def _ended(self, stage: _Stage) -> tuple[CallDone, ...]:
        took_s = self._clock() - stage.began_s
        done = tuple(call.done() for call in stage.calls)
        end_stage(stage.span, done, composition_id=self._id)
        self.stages.append(StageDone(name=stage.name, took_s=took_s, calls=done))
        return done


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """One that is under way."""

    name: str
    began_s: float
    models: tuple[str, ...]
    calls: Sequence[OneCall]
    span: Span


class _EnoughError(Exception):
    """What has ended is enough: the calls under way end."""
