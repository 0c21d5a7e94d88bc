"""What the stages of a composed request came to: who was asked, and what it took.

A stage is calls that go out together. All of it is values: who runs stages is `staging`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from orchestrator.engines.answer import Choice
from orchestrator.engines.base import Chunk, Delta, ToolCallDelta, Usage
from orchestrator.errors import OrchestratorError


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDone:
    """One call of a stage, ended one way or another."""

    #: Whom it asked: an expert, or a composition.
    expert: str
    took_s: float
    #: Its answers that have ended, whatever became of the others.
    choices: tuple[Choice, ...] = ()
    num_answers: int = 0
    #: Answers still to come, of a call that is under way.
    num_open: int = 0
    #: Candidates that it was not told for want of room.
    num_dropped: int = 0
    #: Of a call that was given up, what it had used when a choice of it ended last; `None` where
    #: nobody knows.
    usage: Usage | None = None
    is_whole: bool = False
    error: OrchestratorError | None = None
    #: Of a composition: the expert whose answer it told, or was to tell.
    answered_by: str | None = None
    #: What a composition that it asked has done.
    stages: tuple[StageDone, ...] = ()

    @property
    def ending(self) -> str:
        """`done`, the code of its error, or `cancelled` where nobody waited for it any longer."""
        if self.error is not None:
            return self.error.code
        return "done" if self.is_whole else "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDone:
    """One stage that has ended."""

    name: str
    took_s: float
    #: In the order in which they were meant, whoever came first.
    calls: tuple[CallDone, ...]


def calls_of(stages: Iterable[StageDone]) -> tuple[CallDone, ...]:
    """All calls, stage by stage."""
    return tuple(call for stage in stages for call in stage.calls)


def expert_calls_of(stages: Iterable[StageDone]) -> tuple[CallDone, ...]:
    """The calls of experts, however deep the compositions that made them are nested.

    A composition that told a known answer, or failed before it asked anybody, stands for itself.
    """
    found: list[CallDone] = []
    for call in calls_of(stages):
        if call.stages:
            found += expert_calls_of(call.stages)
        else:
            found.append(replace(call, expert=call.answered_by or call.expert))
    return tuple(found)


def author_of(model: str, stages: Sequence[StageDone]) -> str:
    """The expert whose answer `model` told, where it is a composition that a stage asked.

    Itself where several of its answers had authors of their own: nobody knows which was told.
    """
    asked = [call for call in calls_of(stages) if call.expert == model and call.answered_by]
    authors = {author_of(call.answered_by or "", call.stages) for call in asked}
    return authors.pop() if len(authors) == 1 else model


def usage_of(calls: Iterable[CallDone]) -> Usage:
    """The tokens of all calls; the cost is known where it is known of each that ended."""
    used = [call.usage for call in calls if call.usage is not None]
    costs = [usage.cost_usd for usage in used]
    known = [cost for cost in costs if cost is not None]
    return Usage(
        prompt_tokens=sum(usage.prompt_tokens for usage in used),
        completion_tokens=sum(usage.completion_tokens for usage in used),
        cached_tokens=sum(usage.cached_tokens for usage in used),
        reasoning_tokens=sum(usage.reasoning_tokens for usage in used),
        cost_usd=sum(known) if known and len(known) == len(costs) else None,
    )


def failures_of(calls: Iterable[CallDone]) -> dict[str, str]:
    """Experts that could not answer -> code of their error."""
    return {call.expert: call.error.code for call in calls if call.error is not None}


def worth_telling(errors: Sequence[OrchestratorError]) -> OrchestratorError:
    """Of all that failed, what may be different next time; else what the first choice met."""
    return next((error for error in errors if error.retryable), errors[0])


def told(choice: Choice, usage: Usage) -> Chunk:
    """An answer that is there already, as the one chunk of a stream."""
    calls = tuple(
        ToolCallDelta(index=place, id=call.id, name=call.name, arguments=call.arguments)
        for place, call in enumerate(choice.tool_calls)
    )
    delta = Delta(
        text=choice.text,
        reasoning=choice.reasoning,
        tool_calls=calls,
        logprobs=choice.logprobs,
        finish_reason=choice.finish_reason,
    )
    return Chunk(deltas=(delta,), usage=usage)
