"""What a caller wishes, in request headers: how long to wait, advice, what to be told."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from starlette.datastructures import Headers

from orchestrator.errors import InvalidRequestError

#: Seconds; over the registry's `max_wait_s` it goes first.
MAX_WAIT_S = "x-orchestrator-max-wait-s"
#: Higher is sooner; 0 where the caller is silent.
PRIORITY = "x-orchestrator-priority"
#: Place in the caller's plan, lower is sooner.
ORDER = "x-orchestrator-order"
#: `true`: an expert answers, even where the answer is known.
FRESH = "x-orchestrator-fresh"
#: `off`: an expert answers, and the answer is not kept; `on`: it may be kept however it is drawn.
CACHE = "x-orchestrator-cache"
#: HTTP's own words for the same: `no-cache` answers anew, `no-store` keeps nothing either.
CACHE_CONTROL = "cache-control"
#: `false`: a stream tells the answer alone, not what the stages before it do.
STAGES = "x-orchestrator-stages"
#: `true`: the answer tells what came of each stage and call.
DETAILS = "x-orchestrator-details"

#: One level is a second of head start, so that no caller gets ahead of more than these seconds.
MAX_PRIORITY = 10
#: More calls than a plan has; what is longer is no place in one.
MAX_ORDER = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a call would like to be treated."""

    #: Seconds it may wait, `None` where the caller is silent.
    max_wait_s: float | None
    priority: int
    order: int | None
    is_fresh: bool = False
    has_stages: bool = True
    has_details: bool = False
    #: Whether the answer may be kept, and is wanted from before however it was drawn.
    may_be_kept: bool = True
    wants_kept: bool = False


def wishes_of(headers: Headers) -> Wishes:
    """What the headers say.

    Raises:
        InvalidRequestError: one of them is not a number in its range.
    """
    cache, control = _choice(headers, CACHE, "on", "off"), _control(headers)
    may_be_kept = cache != "off" and "no-store" not in control
    return Wishes(
        max_wait_s=_max_wait_s(headers.get(MAX_WAIT_S)),
        priority=_whole(headers, PRIORITY, least=-MAX_PRIORITY, most=MAX_PRIORITY) or 0,
        order=_whole(headers, ORDER, least=0, most=MAX_ORDER),
        is_fresh=_truth(headers, FRESH) or not may_be_kept or "no-cache" in control,
        has_stages=_truth(headers, STAGES, otherwise=True),
        has_details=_truth(headers, DETAILS),
        may_be_kept=may_be_kept,
        wants_kept=cache == "on",
    )


def _max_wait_s(given: str | None) -> float | None:
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not isfinite(seconds) or seconds <= 0:
        raise _refusal(MAX_WAIT_S, given, "a number of seconds above 0")
    return seconds


def _whole(headers: Headers, name: str, *, least: int, most: int) -> int | None:
    given = headers.get(name)
    if given is None:
        return None
    try:
        number = int(given)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise _refusal(name, given, f"a whole number from {least} to {most}")
    return number


def _truth(headers: Headers, name: str, *, otherwise: bool = False) -> bool:
    given = headers.get(name, str(otherwise)).strip().lower()
    if given not in ("true", "false"):
        raise _refusal(name, given, "true or false")
    return given == "true"


def _choice(headers: Headers, name: str, *allowed: str) -> str | None:
    given = headers.get(name)
    if given is None:
        return None
    said = given.strip().lower()
    if said not in allowed:
        raise _refusal(name, given, " or ".join(allowed))
    return said


def _control(headers: Headers) -> frozenset[str]:
    """The directives of `cache-control`; what is unknown means nothing, as HTTP has it."""
    given = headers.get(CACHE_CONTROL)
    if given is None:
        return frozenset()
    return frozenset(part.strip().lower() for part in given.split(","))


def _refusal(name: str, given: str, allowed: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"header {name!r} is {given[:64]!r}; it must be {allowed}", param=name
    )
