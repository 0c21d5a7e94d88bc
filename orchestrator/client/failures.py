"""Errors a caller of the SDK can meet: the service's own by their code, and these beside them.

OrchestratorError
├── ... (see `orchestrator.errors`: whatever the service says)
└── ClientError                  the service could not be asked or understood
    ├── UnreachableError             no connection, or it broke      retryable
    ├── WaitTimeoutError             no answer within the timeout    retryable
    ├── UnexpectedReplyError         the reply is not the protocol
    ├── ClosedError                  the client was closed, or a stream read before
    ├── UnknownFailureError          an error with a code this version does not know
    └── BatchFailedError             a batch's file has faults: nothing of it was begun
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pydantic import BaseModel, ValidationError

from orchestrator.client.batch_wire import Batch, BatchFault
from orchestrator.errors import OrchestratorError, PlacedFault, RegistryError

_MAX_SHOWN_CHARS = 200
_MAX_TOLD = 3
#: Where the errors are that the service speaks of; others have codes of their own.
_TREE = "orchestrator.errors."


class ClientError(OrchestratorError):
    """The service could not be asked, or its reply not understood."""

    code = "client_error"


class UnreachableError(ClientError):
    """There is no connection to the service, or it broke."""

    code = "unreachable"
    retryable = True


class WaitTimeoutError(ClientError):
    """The service was silent for longer than the client's timeout."""

    code = "wait_timeout"
    retryable = True


class UnexpectedReplyError(ClientError):
    """Whatever answered does not speak the service's protocol."""

    code = "unexpected_reply"


class ClosedError(ClientError):
    """The client was closed, or the stream was read or closed before."""

    code = "client_closed"


class UnknownFailureError(ClientError):
    """The service reported an error with a code that this version does not know."""

    code = "unknown_failure"


class BatchFailedError(ClientError):
    """A batch's file has faults, so nothing of it was begun; the message names the first.

    Args:
        message: as of every error.
        faults: those that the service tells.
    """

    code = "batch_failed"

    def __init__(
        self,
        message: str,
        *,
        faults: tuple[BatchFault, ...] = (),
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, param=param, retry_after_s=retry_after_s)
        self.faults = faults


class _Fault(BaseModel):
    line: int
    column: int
    key: str
    text: str


class _Details(BaseModel):
    message: str
    code: str | None = None
    param: str | None = None
    #: Of a registry that is not valid.
    faults: tuple[_Fault, ...] = ()
    #: Inside a stream, whose headers have left.
    retry_after_s: float | None = None


class _Envelope(BaseModel):
    error: _Details


def failure(
    body: bytes, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> OrchestratorError:
    """The error that an error envelope stands for.

    Args:
        body: the JSON text of the envelope.
        status: the HTTP status, `None` for an error inside a stream.
        headers: of the response.
    """
    try:
        details = _Envelope.model_validate_json(body).error
    except ValidationError:
        return UnexpectedReplyError(f"status {status}, but no error envelope: {_shown(body)}")
    kind = _kinds(OrchestratorError).get(details.code or "", UnknownFailureError)
    told = f" (status {status}, code {details.code!r})" if kind is UnknownFailureError else ""
    wait_s = details.retry_after_s or _retry_after_s((headers or {}).get("retry-after"))
    error = kind(f"{details.message}{told}", param=details.param, retry_after_s=wait_s)
    error.request_id = (headers or {}).get("x-orchestrator-request-id")
    if isinstance(error, RegistryError):
        error.faults = tuple(PlacedFault(**one.model_dump()) for one in details.faults)
    return error


def sound(batch: Batch) -> Batch:
    """The batch, unless nothing of it was ever begun.

    Raises:
        BatchFailedError: its file has faults; the message names the first.
    """
    if batch.status != "failed":
        return batch
    told = [fault.text for fault in batch.faults[:_MAX_TOLD]] or ["it says no reason"]
    more = len(batch.faults) - len(told)
    tail = f"; and {more} more" if more > 0 else ""
    raise BatchFailedError(
        f"batch {batch.id!r} failed: {'; '.join(told)}{tail}", faults=batch.faults
    )


def unexpected(body: bytes, exc: ValidationError) -> UnexpectedReplyError:
    """The error for a reply that is not of the expected form."""
    first = exc.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"]) or "the body"
    return UnexpectedReplyError(f"reply not understood: {where}: {first['msg']}: {_shown(body)}")


@contextmanager
def translated(base_url: str) -> Iterator[None]:
    """Turn httpx's errors into ours.

    Raises:
        WaitTimeoutError: the service was silent for too long.
        UnreachableError: it could not be reached, or hung up.
        UnexpectedReplyError: what answered is not HTTP as we know it.
    """
    import httpx  # here, since it takes longer to import than all of the SDK

    try:
        yield
    except httpx.TimeoutException as exc:
        raise WaitTimeoutError(f"{base_url} gave no answer in time ({type(exc).__name__})") from exc
    except (httpx.NetworkError, httpx.ProxyError, httpx.RemoteProtocolError) as exc:
        raise UnreachableError(f"{base_url} cannot be reached: {exc}") from exc
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as exc:
        raise UnexpectedReplyError(f"{base_url}: {type(exc).__name__}: {exc}") from exc


def _kinds(root: type[OrchestratorError]) -> dict[str, type[OrchestratorError]]:
    # A subclass that shares its parent's code is the more telling of the two.
    found = {root.code: root}
    for kind in root.__subclasses__():
        if kind.__module__.startswith(_TREE):
            found |= _kinds(kind)
    return found


def _retry_after_s(header: str | None) -> float | None:
    try:
        wait_s = float(header) if header is not None else math.nan
    except ValueError:
        return None  # a date: the caller decides when to try again
    return wait_s if math.isfinite(wait_s) else None


def _shown(body: bytes) -> str:
    return ascii(body[:_MAX_SHOWN_CHARS].decode(errors="replace"))
