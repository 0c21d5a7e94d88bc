"""How long a caller is willing to wait for its turn: one request header."""

from __future__ import annotations

from math import isfinite

from starlette.datastructures import Headers

from orchestrator.errors import InvalidRequestError

#: Seconds; over the registry's `max_wait_s` it goes first.
MAX_WAIT_S = "x-orchestrator-max-wait-s"


def max_wait_s(headers: Headers) -> float | None:
    """Seconds in the header, `None` where the caller is silent.

    Raises:
        InvalidRequestError: it is not a number of seconds above 0.
    """
    given = headers.get(MAX_WAIT_S)
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not isfinite(seconds) or seconds <= 0:
        raise InvalidRequestError(
            f"header {MAX_WAIT_S!r} is {given[:64]!r}; it must be a number of seconds above 0",
            param=MAX_WAIT_S,
        )
    return seconds
