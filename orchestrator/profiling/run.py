"""Puts questions to the experts of a running service, one expert after another."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.client import AsyncClient, Completion
from orchestrator.client.asynchronous.retried import retried
from orchestrator.client.retrying import Retries
from orchestrator.client.wire import ChatOptions
from orchestrator.errors import (
    BodyTooLargeError,
    ContentPolicyError,
    ContextTooLongError,
    OrchestratorError,
    UnsupportedParameterError,
)
from orchestrator.profiling.asking import Ask, Asking, asks_left
from orchestrator.profiling.experts import Definitions
from orchestrator.profiling.journal import Journal
from orchestrator.profiling.log_probs import mean_log_prob
from routers.datasets import Example, Outcome
from routers.grading import grade, read_only

#: What a question itself causes: it counts as not answered, others are still asked.
_OF_THE_QUESTION = (BodyTooLargeError, ContentPolicyError, ContextTooLongError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiling:
    """One data set through some experts.

    One expert is asked at a time, so that each is loaded once.
    """

    client: AsyncClient
    asking: Asking
    journal: Journal
    #: Of the experts that are asked, in their order.
    definitions: Definitions
    #: Questions that an expert has at once.
    num_at_once: int
    retries: Retries = field(default_factory=Retries)
    #: Seconds that only go forward.
    clock: Callable[[], float]
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    #: Told of each outcome that is new.
    heard: Callable[[Outcome], None] = lambda _: None
    #: Those that refused to tell log-probabilities, which are asked without.
    _unscored: set[str] = field(default_factory=set)

    async def run(self, examples: Sequence[Example]) -> None:
        """Ask everything that has no outcome yet; what was answered is in the journal.

        Raises:
            OrchestratorError: the service failed for longer than retries last, or an expert
                changed on the way. The same run goes on where it ended.
        """
        for expert in self.definitions.version_by_expert:
            left = asks_left(
                examples, expert, num_samples=self.asking.num_samples, done=self.journal.done
            )
            asks = iter(left)
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(self.num_at_once, len(left))):
                        group.create_task(self._answer(asks))
            except ExceptionGroup as exc:
                raise _first(exc) from exc

    async def _answer(self, asks: Iterator[Ask]) -> None:
        for ask in asks:
            outcome = await self._outcome(ask)
            self.journal.append(outcome)
            self.heard(outcome)

    async def _outcome(self, ask: Ask) -> Outcome:
        blank = Outcome(
            id=ask.example.id,
            expert=ask.expert,
            sample=ask.sample,
            score=0.0 if self.asking.is_graded else math.nan,
            version=self.definitions.version_by_expert[ask.expert],
            asked=self.asking.told,
        )
        try:
            completion, seconds = await retried(
                lambda: self._timed(ask), retries=self.retries, pause=self.pause
            )
        except _OF_THE_QUESTION as exc:
            return replace(blank, fault=exc.code)
        await self.definitions.check(completion.origin.generation)
        read_reply = grade if self.asking.is_graded else read_only
        read = read_reply(completion.text, ask.example, grader=self.asking.grader)
        tokens = completion.usage.completion_tokens if completion.usage else None
        return replace(
            blank,
            score=read.score,
            answer=read.answer,
            log_prob=mean_log_prob(completion),
            tokens=tokens,
            seconds=seconds,
        )

    async def _timed(self, ask: Ask) -> tuple[Completion, float]:
        options = self.asking.options(ask.sample)
        if self.asking.is_scored and ask.expert not in self._unscored:
            try:
                return await self._chat(ask, {**options, "logprobs": True})
            except UnsupportedParameterError as exc:
                if exc.param not in ("logprobs", "top_logprobs"):
                    raise
                self._unscored.add(ask.expert)
        return await self._chat(ask, options)

    async def _chat(self, ask: Ask, options: ChatOptions) -> tuple[Completion, float]:
        begun_s = self.clock()
        messages = self.asking.messages(ask.example.prompt)
        completion = await self.client.chat(messages, model=ask.expert, **options)
        # Waiting for its turn, and so for its expert to be loaded, is no part of an answer.
        waited_s = completion.origin.waited_s or 0.0
        return completion, round(max(self.clock() - begun_s - waited_s, 0.0), 4)


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """One of what went wrong; a bug goes before what the service said."""
    told, bugs = group.split(OrchestratorError)
    part: Exception = bugs or told or group
    while isinstance(part, ExceptionGroup):
        part = part.exceptions[0]
    return part
