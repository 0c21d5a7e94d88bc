"""What the headers of an edit say: who sends it, what it builds on, and what its body is."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.requests import Request

from orchestrator.api.exchange import exchange_of
from orchestrator.errors import ForbiddenError, InvalidRequestError

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


_OWN_PAGE = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")


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


async def require_no_page(request: Request) -> None:
    """Refuse what a page in a browser on this machine sends: any site can have one send it.

    Not where it has an admin key, which no browser adds by itself: that page was given it, as the
    console was.

    Raises:
        ForbiddenError: the page is of another machine.
    """
    origin = request.headers.get("origin")
    if origin is None or exchange_of(request).caller.is_admin:
        return
    if _OWN_PAGE.fullmatch(origin) is None:
        raise ForbiddenError(
            f"/admin takes nothing from pages of {origin[:80]!r}; use the command line "
            "(`orchestrator --help`), send an admin key, or send no Origin"
        )


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
