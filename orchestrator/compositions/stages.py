"""What the stages of a composed request came to: who was asked, and what it took.

A stage is calls that go out together. All of it is values: who runs stages is `staging`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.engines.base import Choice, Chunk, Delta, ToolCallDelta, Usage
from orchestrator.errors import OrchestratorError
from orchestrator.registry.models import Energy

_TOKENS_A_RATE = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDone:
    """One call of a stage, ended one way or another."""

    expert: str
    took_s: float
    #: Its answers; none of a call that failed or was cut off.
    choices: tuple[Choice, ...] = ()
    num_answers: int = 0
    #: `None` where the call did not come to its end: what it used is not known.
    usage: Usage | None = None
    error: OrchestratorError | None = None

    @property
    def ending(self) -> str:
        """`done`, the code of its error, or `cancelled` where nobody waited for it any longer."""
        if self.error is not None:
            return self.error.code
        return "cancelled" if self.usage is None else "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDone:
    """One stage that has ended."""

    name: str
    took_s: float
    #: In the order in which they were meant, whoever came first.
    calls: tuple[CallDone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What stages took of the caps of their request."""

    price_usd: float = 0.0
    energy_j: float = 0.0


def calls_of(stages: Iterable[StageDone]) -> tuple[CallDone, ...]:
    """All calls, stage by stage."""
    return tuple(call for stage in stages for call in stage.calls)


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


def spent_by(calls: Iterable[CallDone], energy_by_id: Mapping[str, Energy]) -> Spent:
    """What calls took of the caps: what is not known is taken for nothing."""
    price_usd, energy_j = 0.0, 0.0
    for call in calls:
        if call.usage is None:
            continue
        price_usd += call.usage.cost_usd or 0.0
        if (rates := energy_by_id.get(call.expert)) is not None:
            energy_j += call.usage.prompt_tokens * rates.input_j_per_mtok / _TOKENS_A_RATE
            energy_j += call.usage.completion_tokens * rates.output_j_per_mtok / _TOKENS_A_RATE
    return Spent(price_usd=price_usd, energy_j=energy_j)


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
