"""Runs the stages of one composed request: calls together, one budget, a last one streamed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace

from orchestrator.compositions.base import Decision, Query
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.stages import CallDone, StageDone, calls_of, spent_by, usage_of
from orchestrator.engines.base import Answer, Item, Prompt, Sampling, Usage
from orchestrator.engines.collecting import collect
from orchestrator.engines.notices import Notice
from orchestrator.engines.streams import reading
from orchestrator.errors import (
    EngineTimeoutError,
    OrchestratorError,
    OverloadedError,
    RequestError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One call to be made: whom, and how it differs from what the caller sent."""

    expert: str
    sampling: Sampling
    #: What to answer, where it is not the caller's own prompt.
    prompt: Prompt | None = None
    #: Leaves out the form that the caller wants: it is for the last answer alone.
    is_free: bool = False


#: Whether the calls that have ended are enough, so that the others may end.
IsEnough = Callable[[Sequence[CallDone]], bool]


class Staging:
    """The stages of one request; made anew for each.

    Every call is bound by the limits of the request and has what is left of its time and caps.

    Args:
        generation: what experts answer from.
        query: the request, within the limits of its composition.
        composition_id: its name in the registry.
        stages: filled with each stage as it ends.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        generation: Generation,
        query: Query,
        *,
        composition_id: str,
        stages: list[StageDone],
        clock: Callable[[], float],
    ) -> None:
        self._generation = generation
        self._query = query
        self._id = composition_id
        self._clock = clock
        self._began_s = clock()
        self._energy_by_id = {
            one.id: one.energy for one in generation.registry.experts if one.energy is not None
        }
        self.stages = stages

    @property
    def calls(self) -> tuple[CallDone, ...]:
        """Every call that has ended, stage by stage."""
        return calls_of(self.stages)

    @property
    def usage(self) -> Usage:
        """Of all calls that have ended."""
        return usage_of(self.calls)

    def left(self) -> Query:
        """The request with what is left of its time and caps."""
        took_s = self._clock() - self._began_s
        limits, spent = self._query.limits, spent_by(self.calls, self._energy_by_id)
        if limits.has_caps:
            limits = limits.after(
                price_usd=spent.price_usd, latency_s=took_s, energy_j=spent.energy_j
            )
        left_s = max(self._generation.timeout_s(self._query) - took_s, 0.0)
        return replace(self._query, timeout_s=left_s, limits=limits)

    def why_not(self, ask: Ask) -> OrchestratorError | None:
        """Why a call cannot be made any longer, with what is left of time and caps."""
        query = self._call_of(self.left(), ask, 0)
        if query.timeout_s == 0:
            return EngineTimeoutError(f"no time is left to ask expert {ask.expert!r}")
        try:
            self._generation.admission.check(ask.expert, query)
        except (RequestError, OverloadedError) as error:
            return error
        return None

    def announce(self, expert_id: str) -> None:
        """Tell ahead whom a later stage will call."""
        self._generation.announce([expert_id])

    async def run(
        self, name: str, asks: Sequence[Ask], *, is_enough: IsEnough | None = None
    ) -> tuple[CallDone, ...]:
        """Make all calls at the same time and return them in the order of `asks`.

        A call that fails is a value; what is still under way once `is_enough` is ended. A caller
        that hangs up ends all of them.
        """
        began_s, done, query = self._clock(), dict[int, CallDone](), self.left()
        tasks: list[asyncio.Task[None]] = []

        async def make(place: int, ask: Ask) -> None:
            try:
                done[place] = await self._made(ask, self._call_of(query, ask, place))
            except asyncio.CancelledError:
                done[place] = CallDone(expert=ask.expert, took_s=self._clock() - began_s)
                raise
            if is_enough is not None and is_enough(_in_order(done)):
                for other in tasks:
                    if other is not asyncio.current_task():
                        other.cancel()

        try:
            async with asyncio.TaskGroup() as group:
                tasks += [group.create_task(make(*one)) for one in enumerate(asks)]
        finally:
            self._end(name, began_s, _in_order(done))
        return _in_order(done)

    async def last(self, name: str, ask: Ask) -> AsyncGenerator[Item, None]:
        """Stream the answer of the call that ends the request, its usage with that of all.

        Raises:
            OrchestratorError: it failed.
        """
        began_s = self._clock()
        usage: Usage | None = None
        failed: OrchestratorError | None = None
        query = replace(self._call_of(self.left(), ask, 0), is_streamed=self._query.is_streamed)
        try:
            items = self._generation.items(query, self._decision(ask))
            async with reading(items) as answer:
                async for item in answer:
                    if not isinstance(item, Notice) and item.usage is not None:
                        usage = item.usage
                        whole = CallDone(expert=ask.expert, took_s=0.0, usage=usage)
                        summed = usage_of((*self.calls, whole))
                        item = replace(item, usage=summed)  # noqa: PLW2901
                    yield item
        except OrchestratorError as error:
            failed = error
            raise
        finally:
            took_s = self._clock() - began_s
            ended = CallDone(
                expert=ask.expert,
                took_s=took_s,
                num_answers=0 if usage is None else ask.sampling.n,
                usage=usage,
                error=failed,
            )
            self._end(name, began_s, (ended,))

    async def _made(self, ask: Ask, query: Query) -> CallDone:
        began_s = self._clock()
        try:
            async with reading(self._generation.items(query, self._decision(ask))) as items:
                answer: Answer = await collect(items)
        except OrchestratorError as error:
            return CallDone(expert=ask.expert, took_s=self._clock() - began_s, error=error)
        took_s = self._clock() - began_s
        return CallDone(
            expert=ask.expert,
            took_s=took_s,
            choices=answer.choices,
            num_answers=len(answer.choices),
            usage=answer.usage,
        )

    def _call_of(self, query: Query, ask: Ask, place: int) -> Query:
        prompt = query.prompt if ask.prompt is None else ask.prompt
        return replace(
            query,
            id=f"{query.id}-{len(self.stages)}.{place}",
            prompt=prompt,
            sampling=ask.sampling,
            structure=None if ask.is_free else query.structure,
            echo=query.echo and ask.prompt is None,
            is_streamed=False,
        )

    def _decision(self, ask: Ask) -> Decision:
        expert = self._generation.registry.expert(ask.expert)
        assert expert is not None, "who is asked is of the registry"
        return Decision(
            expert=ask.expert,
            generation=self._generation.number,
            composition=self._id,
            defaults=self._generation.filled_in(ask.sampling, expert),
        )

    def _end(self, name: str, began_s: float, calls: tuple[CallDone, ...]) -> None:
        took_s = self._clock() - began_s
        self.stages.append(StageDone(name=name, took_s=took_s, calls=calls))


def _in_order(done: dict[int, CallDone]) -> tuple[CallDone, ...]:
    return tuple(done[place] for place in sorted(done))
