"""What callers are told where dispatch has no answer for them."""

from __future__ import annotations

from orchestrator.engines.base import Call
from orchestrator.engines.embedding import AnyCall
from orchestrator.errors import (
    EngineDeadError,
    EngineError,
    EngineTimeoutError,
    ExpertUnavailableError,
    OrchestratorError,
    StalledError,
)

#: Told to callers when nothing better is known, seconds.
RETRY_AFTER_S = 5.0


def exhausted(
    expert: str, failures: dict[str, OrchestratorError], *, nowhere: str
) -> OrchestratorError:
    """No engine is left to try.

    Args:
        expert: that was asked.
        failures: of each engine that was tried, in order.
        nowhere: why there is none, where none was tried.
    """
    last = next(reversed(failures.values()), None)
    if isinstance(last, EngineError) and not isinstance(last, EngineDeadError):
        return last
    tried = "; ".join(f"{name!r}: {error}" for name, error in failures.items())
    unavailable = ExpertUnavailableError(
        f"no engine of expert {expert!r} can be reached: {tried or nowhere}",
        retry_after_s=(last and last.retry_after_s) or RETRY_AFTER_S,
    )
    unavailable.__cause__ = last
    return unavailable


def no_table(expert: str, error: OrchestratorError) -> ExpertUnavailableError:
    """The table is an old one, and the newest cannot be had."""
    return ExpertUnavailableError(
        f"expert {expert!r} is not where the dispatch table has it, and a new table cannot be "
        f"read: {error}",
        retry_after_s=error.retry_after_s or RETRY_AFTER_S,
    )


def left_alone(expert: str, for_s: float) -> ExpertUnavailableError:
    """Its circuit is open."""
    return ExpertUnavailableError(
        f"the upstream of expert {expert!r} failed again and again and is left alone for "
        f"{for_s:.0f} s: ask another expert, or then",
        retry_after_s=for_s,
    )


def stalled(call: AnyCall) -> EngineTimeoutError:
    """It said something, and then nothing."""
    stall_s = call.stall_s if isinstance(call, Call) else None
    return StalledError(
        f"expert {call.expert!r} stopped in the middle of its answer: nothing came for "
        f"{stall_s:g} s"
    )


def late(call: AnyCall) -> EngineTimeoutError:
    """Its time is over."""
    return EngineTimeoutError(
        f"expert {call.expert!r} gave no further token within the call's {call.timeout_s:g} s"
    )


def stopping(expert: str) -> ExpertUnavailableError:
    """The service ends."""
    return ExpertUnavailableError(
        f"the service stops: expert {expert!r} was not done in time; ask again once it is back",
        retry_after_s=RETRY_AFTER_S,
    )
