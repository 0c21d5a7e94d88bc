"""What the headers of an edit say: which generation it builds on, and what its body is."""

from __future__ import annotations

import re

from starlette.datastructures import Headers

from orchestrator.errors import InvalidRequestError

_TAG = re.compile(r'(?:W/)?"?(?P<value>[0-9]{1,18}|[0-9a-f]{64})"?')
#: JSON is YAML, so one parser reads both and knows every line.
_TYPES = (
    "text/yaml",
    "application/yaml",
    "text/x-yaml",
    "application/x-yaml",
    "application/json",
    "text/plain",
)


def etag(generation: int) -> str:
    """The entity tag of a generation, for `If-Match`."""
    return f'"{generation}"'


def expected_generation(headers: Headers) -> str | None:
    """Number or SHA-256 in `If-Match`; `None` where any generation will do.

    Raises:
        InvalidRequestError: it is neither.
    """
    given = headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    found = _TAG.fullmatch(given.strip())
    if found is None:
        raise InvalidRequestError(
            f"if-match is {given[:80]!r}; allowed: the number or the SHA-256 of a generation",
            param="if-match",
        )
    return found["value"]


def require_yaml(headers: Headers, content: bytes) -> None:
    """Refuse a body that its sender calls something else, since it may be mangled.

    Raises:
        InvalidRequestError: naming what is allowed.
    """
    kind = headers.get("content-type", _TYPES[0]).partition(";")[0].strip().lower()
    if content and kind not in _TYPES:
        raise InvalidRequestError(
            f"content-type is {kind[:80]!r}; allowed: {', '.join(_TYPES)} (curl sends a file as "
            "it is with --data-binary @FILE -H 'content-type: text/yaml')",
            param="content-type",
        )
