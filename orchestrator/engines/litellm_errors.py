"""What LiteLLM raises as errors of our tree.

Its exceptions derive from those of the `openai` package, and most carry the status of HTTP. Its
texts repeat what the provider said, so our key is blotted out of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from orchestrator.engines.openai_errors import from_message
from orchestrator.errors import (
    BadCredentialsError,
    ContentPolicyError,
    ContextTooLongError,
    EngineDeadError,
    EngineProtocolError,
    EngineTimeoutError,
    OrchestratorError,
    UnsupportedParameterError,
)
from orchestrator.guards.connecting import RefusedAddressError
from orchestrator.guards.redaction import blotted
from orchestrator.guards.upstreams import refusal_of

if TYPE_CHECKING:
    import openai

_MAX_MESSAGE = 500
_REFUSED_KEY = frozenset({401, 402, 403})
#: Anthropic's status for a full queue.
_OVERLOADED = 529
_UNSUPPORTED = re.compile(r"does not support parameters: (\[.*?\])")
_NO_PROVIDER = re.compile(r"LLM Provider NOT provided", re.I)
_CUT = re.compile(r"Stream ended before a finish_reason")
_POLICY = re.compile(r"content_policy|content_filter|content management policy", re.I)
_PREFIX = re.compile(r"^(?:litellm\.)?\w+(?:Error|Timeout|Exception)?: (?=\S)")

#: LiteLLM's classes, by name: importing them would import all of it.
_BY_NAME: dict[str, type[OrchestratorError]] = {
    "UnsupportedParamsError": UnsupportedParameterError,
    "ContextWindowExceededError": ContextTooLongError,
    "ContentPolicyViolationError": ContentPolicyError,
}


@contextmanager
def translated(provider: str, *, secret: str | None) -> Iterator[None]:
    """Turn what LiteLLM raises into errors of our tree.

    Args:
        provider: the expert's id and the model's name, for messages.
        secret: our key, which providers like to repeat.
    """
    # Here, not above: half a second of every start, of which LiteLLM's own import takes care.
    import openai

    try:
        yield
    except openai.OpenAIError as exc:
        raise _error(provider, exc, secret) from exc
    except httpx.HTTPError as exc:
        raise EngineProtocolError(f"{provider} cut its answer: {exc}") from exc


def _error(provider: str, exc: openai.OpenAIError, secret: str | None) -> OrchestratorError:
    causes = tuple(_causes(exc))
    if refusal := next((one for one in causes if isinstance(one, RefusedAddressError)), None):
        return refusal_of(provider, str(refusal))
    status = _status(causes)
    if status in _REFUSED_KEY:
        return BadCredentialsError(
            f"{provider} refuses our credentials ({status}): check engine.api_key_env"
        )
    text = f"{provider} answers {status}: {_said(exc, secret)}"
    by_kind = _by_text(provider, text, causes) or _by_class(provider, text, causes)
    return by_kind or from_message(
        text,
        503 if status == _OVERLOADED else status,
        code=_code(causes),
        headers=_headers(causes),
    )


def _by_text(
    provider: str, text: str, causes: tuple[BaseException, ...]
) -> OrchestratorError | None:
    """The error where the words say more than the status."""
    if unsupported := _UNSUPPORTED.search(text):
        return UnsupportedParameterError(
            f"{provider} does not take {unsupported[1]}; leave it out",
            param=unsupported[1].strip("[]'\"").partition("'")[0] or None,
        )
    if _NO_PROVIDER.search(text):
        return BadCredentialsError(
            f"{provider}: LiteLLM knows no provider of this name; write engine.model as "
            "'provider/model', such as 'anthropic/claude-haiku-4-5'"
        )
    if _POLICY.search(_code(causes)):
        return ContentPolicyError(text)
    if _CUT.search(text):
        return EngineProtocolError(f"{provider} cut its answer: {_last(causes)}")
    return None


def _by_class(
    provider: str, text: str, causes: tuple[BaseException, ...]
) -> OrchestratorError | None:
    """The error where a class in the chain says more than the status."""
    import openai

    names = {type(cause).__name__ for cause in causes}
    named = next((kind for name, kind in _BY_NAME.items() if name in names), None)
    if named is not None:
        return named(text)
    if any(isinstance(c, openai.APITimeoutError | httpx.TimeoutException) for c in causes):
        return EngineTimeoutError(f"{provider} gave no answer in time")
    if any(isinstance(cause, httpx.RemoteProtocolError | httpx.ReadError) for cause in causes):
        return EngineProtocolError(f"{provider} cut its answer: {_last(causes)}")
    if any(_is_unreachable(cause) for cause in causes):
        return EngineDeadError(f"{provider} cannot be reached: {_last(causes)}")
    return None


def _is_unreachable(cause: BaseException) -> bool:
    import openai

    # LiteLLM's class of the same name also stands for faults of its own.
    return type(cause) is openai.APIConnectionError or isinstance(
        cause, httpx.TransportError | OSError
    )


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """The error, what it wraps, and what was raised before it, outermost first."""
    seen: set[int] = set()
    while exc is not None and id(exc) not in seen:
        seen.add(id(exc))
        yield exc
        inner = getattr(exc, "original_exception", None)
        exc = inner if isinstance(inner, BaseException) else exc.__cause__ or exc.__context__


def _status(causes: tuple[BaseException, ...]) -> int:
    """The provider's own status: the innermost is the least interpreted."""
    found = [getattr(cause, "status_code", None) for cause in causes]
    return next((status for status in reversed(found) if isinstance(status, int)), 500)


def _code(causes: tuple[BaseException, ...]) -> str:
    return " ".join(
        str(value)
        for cause in causes
        for value in (getattr(cause, "code", None), getattr(cause, "type", None))
        if value
    )


def _headers(causes: tuple[BaseException, ...]) -> dict[str, str]:
    for cause in causes:
        headers = getattr(getattr(cause, "response", None), "headers", None)
        if headers and "retry-after" in headers:
            return {"Retry-After": headers["retry-after"]}
    return {}


def _said(exc: BaseException, secret: str | None) -> str:
    text = str(exc)
    while (shorter := _PREFIX.sub("", text)) != text:
        text = shorter
    return blotted(text.strip()[:_MAX_MESSAGE], secret)


def _last(causes: tuple[BaseException, ...]) -> str:
    return f"{type(causes[-1]).__name__}: {str(causes[-1])[:_MAX_MESSAGE]}"
