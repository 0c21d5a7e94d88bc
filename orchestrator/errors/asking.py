"""What callers ask for that cannot be done as asked."""

from __future__ import annotations

from orchestrator.errors.base import OrchestratorError


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


class KeyInUseError(ConflictError):
    """A request with the same idempotency key is being answered now."""

    code = "idempotency_key_in_use"
    retryable = True


class KeyReusedError(RequestError):
    """The idempotency key stands for another request."""

    code = "idempotency_key_reused"
    status = 422


class BodyTooLargeError(RequestError):
    """The request body exceeds the limit."""

    code = "body_too_large"
    status = 413


class BodyTooSlowError(RequestError):
    """Nothing came of the request body for too long."""

    code = "request_timeout"
    status = 408


class UnauthenticatedError(RequestError):
    """No key was presented, or none that may be used now."""

    code = "invalid_api_key"
    status = 401


class RateLimitedError(RequestError):
    """The caller's key allows fewer of these at a time, or in this minute."""

    code = "rate_limit_exceeded"
    status = 429
    retryable = True


class QuotaError(RequestError):
    """Nothing is left of what the caller's key may spend."""

    code = "insufficient_quota"
    status = 429
