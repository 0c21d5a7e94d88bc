"""Every error a caller or an operator can meet, as one tree.

OrchestratorError
├── RequestError                 the caller's fault
│   ├── InvalidRequestError          400  invalid_request
│   ├── UnsupportedParameterError    400  unsupported_parameter
│   ├── ContextTooLongError          400  context_length_exceeded
│   ├── ContentPolicyError           400  content_policy_violation
│   ├── LimitsError                  400  limits_unmet
│   ├── NotFoundError                404  not_found
│   │   ├── UnknownModelError        404  model_not_found
│   │   └── NotRecordedError         404  not_recorded
│   ├── ForbiddenError               403  forbidden
│   ├── ConflictError                409  conflict
│   ├── BodyTooLargeError            413  body_too_large
│   └── BodyTooSlowError             408  request_timeout
├── EngineError                  an engine did not do what was asked
│   ├── EngineTimeoutError           504  engine_timeout      retryable
│   ├── OverloadedError              503  overloaded          retryable
│   ├── EngineDeadError              503  engine_dead         retryable
│   ├── EngineProtocolError          502  engine_protocol     retryable
│   ├── BadCredentialsError          502  bad_credentials
│   └── SwapError                    503  swap_failed         retryable
│       ├── WeightsError                 503  weights_damaged
│       └── OutOfMemoryError             503  out_of_memory       retryable
├── DispatchError                no slot could take the call
│   ├── NotHostedError               503  not_hosted          retryable
│   └── ExpertUnavailableError       503  expert_unavailable  retryable
├── StoreError                       503  store_unavailable   retryable
├── StorageError                     503  storage_unavailable retryable
│   ├── NotStoredError                   404  not_stored
│   └── StorageFullError                 507  storage_full
└── SetupError                   the service cannot start; shown by the command line
    ├── RegistryError                400  registry_invalid    also what an edit at run time gets
    ├── ModelError                        model_unavailable
    │   ├── TransferError                     transfer_interrupted  retryable
    │   └── DiskFullError                     disk_full
    ├── MergeError                        merge_refused
    ├── PromptError                       prompt_invalid
    └── MissingExtraError                 missing_extra

Messages are written for the person on call: what failed, on which id, what was allowed or found,
what to change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal


class OrchestratorError(Exception):
    """Base of the tree.

    Args:
        message: one sentence that names the id and what is allowed.
        param: the request field at fault, as the caller wrote it.
        retry_after_s: seconds after which a retry makes sense, if known.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str, *, param: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes with every field (`Exception` keeps positionals only)."""
        return _revive, (type(self), self.__dict__.copy())


def _revive(kind: type[OrchestratorError], state: dict[str, Any]) -> OrchestratorError:
    error = kind.__new__(kind, state["message"])
    error.args = (state["message"],)
    error.__dict__.update(state)
    return error


class RequestError(OrchestratorError):
    """The caller asked for something that cannot be done as asked."""

    code = "invalid_request"
    status = 400


class InvalidRequestError(RequestError):
    """A field is missing, malformed or out of range."""


class UnsupportedParameterError(RequestError):
    """A field is valid for OpenAI but not for this model or service."""

    code = "unsupported_parameter"


class ContextTooLongError(RequestError):
    """Prompt and requested output do not fit the expert's context."""

    code = "context_length_exceeded"


class ContentPolicyError(RequestError):
    """The provider refuses to answer this prompt by its own rules."""

    code = "content_policy_violation"


class LimitsError(RequestError):
    """No expert keeps to what the request or its composition allows to ask and to spend."""

    code = "limits_unmet"


class NotFoundError(RequestError):
    """The addressed thing or route does not exist."""

    code = "not_found"
    status = 404


class UnknownModelError(NotFoundError):
    """No expert or composition has this name."""

    code = "model_not_found"


class NotRecordedError(NotFoundError):
    """A recording has no answer to this prompt."""

    code = "not_recorded"


class ForbiddenError(RequestError):
    """The caller may not do this from where it stands."""

    code = "forbidden"
    status = 403


class ConflictError(RequestError):
    """What the request builds on has changed meanwhile."""

    code = "conflict"
    status = 409


class BodyTooLargeError(RequestError):
    """The request body exceeds the limit."""

    code = "body_too_large"
    status = 413


class BodyTooSlowError(RequestError):
    """Nothing came of the request body for too long."""

    code = "request_timeout"
    status = 408


class EngineError(OrchestratorError):
    """An engine did not do what was asked of it."""

    code = "engine_error"
    status = 502


class EngineTimeoutError(EngineError):
    """The engine gave no answer in time."""

    code = "engine_timeout"
    status = 504
    retryable = True


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


class StoreError(OrchestratorError):
    """The store did not answer."""

    code = "store_unavailable"
    status = 503
    retryable = True


class StorageError(OrchestratorError):
    """Files of batches cannot be read or written now."""

    code = "storage_unavailable"
    status = 503
    retryable = True


class NotStoredError(StorageError):
    """The storage answers, and has no such object."""

    code = "not_stored"
    status = 404
    retryable = False


class StorageFullError(StorageError):
    """There is no room for a file; nothing of it was kept."""

    code = "storage_full"
    status = 507
    retryable = False


class SetupError(OrchestratorError):
    """The service cannot start as configured."""

    code = "setup_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFault:
    """One fault of a registry's text; lines and columns count from 1."""

    line: int
    column: int
    #: As people write it: `experts[3].id`.
    key: str
    #: One line: the place, the key, what is wrong and what is allowed.
    text: str


class RegistryError(SetupError):
    """The registry is invalid; the message lists every fault with its place.

    Args:
        message: every fault, one a line, or why no replica can serve it.
        faults: those that have a place in the text.
    """

    code = "registry_invalid"
    status = 400

    def __init__(
        self,
        message: str,
        *,
        faults: tuple[PlacedFault, ...] = (),
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, param=param, retry_after_s=retry_after_s)
        self.faults = faults


class ModelError(SetupError):
    """A model's files cannot be had from where the registry says they are."""

    code = "model_unavailable"


class TransferError(ModelError):
    """A model's files stopped coming; what came is kept, and another try goes on from there."""

    code = "transfer_interrupted"
    retryable = True


class DiskFullError(ModelError):
    """There is no room for a model's files; what was fetched is kept."""

    code = "disk_full"


class MergeError(SetupError):
    """Experts cannot be merged as asked; nothing was written."""

    code = "merge_refused"


class PromptError(SetupError):
    """A prompt's file cannot be used, or not with what it was given; names file and line."""

    code = "prompt_invalid"


class MissingExtraError(SetupError):
    """A command needs packages that are not installed; the message names the extra."""

    code = "missing_extra"
