"""Engines that did not do what was asked, and calls that reached none."""

from __future__ import annotations

from typing import Literal

from orchestrator.errors.base import OrchestratorError


class EngineError(OrchestratorError):
    """An engine did not do what was asked of it."""

    code = "engine_error"
    status = 502


class EngineTimeoutError(EngineError):
    """The engine gave no answer in time."""

    code = "engine_timeout"
    status = 504
    retryable = True


class StalledError(EngineTimeoutError):
    """The engine stopped in the middle of its answer."""

    code = "engine_stalled"


#: What there is too much of: calls in the queue, waits before a bound, at arrival or once it has
#: passed, pins; or whatever an engine or upstream calls too much.
Overload = Literal["queue_full", "too_late", "bound_passed", "pinned", "overloaded"]


class OverloadedError(EngineError):
    """The engine or its queue is full.

    Args:
        message: as of every error.
        reason: what there is too much of, for metrics.
        param: as of every error.
        retry_after_s: as of every error.
    """

    code = "overloaded"
    status = 503
    retryable = True

    def __init__(
        self,
        message: str,
        *,
        reason: Overload = "overloaded",
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, param=param, retry_after_s=retry_after_s)
        self.reason = reason


class EngineDeadError(EngineError):
    """The engine's process or connection is gone."""

    code = "engine_dead"
    status = 503
    retryable = True


class EngineProtocolError(EngineError):
    """The engine answered something that is not the protocol."""

    code = "engine_protocol"
    retryable = True


class BadCredentialsError(EngineError):
    """The upstream refused our credentials: an operator must act."""

    code = "bad_credentials"


class AddressRefusedError(EngineError):
    """The upstream is at an address that nothing of ours may reach: an operator must act."""

    code = "address_refused"


class SwapError(EngineError):
    """A swap did not leave the expert's own weights in place."""

    code = "swap_failed"
    status = 503
    retryable = True


class WeightsError(SwapError):
    """A checkpoint is damaged, or is not what it claims to be."""

    code = "weights_damaged"
    retryable = False


class OutOfMemoryError(SwapError):
    """An engine found less free memory than it needs to start or to wake; it is as it was."""

    code = "out_of_memory"


class DispatchError(OrchestratorError):
    """No slot could take the call."""

    code = "dispatch_failed"
    status = 503
    retryable = True


class NotHostedError(DispatchError):
    """The worker asked does not host this expert in this generation."""

    code = "not_hosted"


class ExpertUnavailableError(DispatchError):
    """Every engine of this expert is down."""

    code = "expert_unavailable"
