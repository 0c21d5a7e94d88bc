"""What a caller allows for its request, in headers: who may take part and what it may cost."""

from __future__ import annotations

import re
from math import isfinite

from starlette.datastructures import Headers

from orchestrator.errors import InvalidRequestError
from orchestrator.registry.selectors import PATTERN, selector
from orchestrator.routing.limits import UNLIMITED, Limits

#: Selectors, separated by commas: `tag:demo, license:Apache-2.0`.
INCLUDE = "x-orchestrator-include"
EXCLUDE = "x-orchestrator-exclude"
#: Most that the request may take: USD, seconds, joules.
MAX_PRICE_USD = "x-orchestrator-max-price-usd"
MAX_LATENCY_S = "x-orchestrator-max-latency-s"
MAX_ENERGY_J = "x-orchestrator-max-energy-j"
#: Calls of experts, and tokens that all of them read and write together.
MAX_CALLS = "x-orchestrator-max-calls"
MAX_TOTAL_TOKENS = "x-orchestrator-max-total-tokens"

ALL = (
    INCLUDE,
    EXCLUDE,
    MAX_PRICE_USD,
    MAX_LATENCY_S,
    MAX_ENERGY_J,
    MAX_CALLS,
    MAX_TOTAL_TOKENS,
)
#: Selectors of one header; a list is searched for each expert.
MAX_SELECTORS = 64


def limits_of(headers: Headers) -> Limits:
    """What the headers say.

    Raises:
        InvalidRequestError: one of them is malformed.
    """
    if not any(name in headers for name in ALL):
        return UNLIMITED
    include, exclude = _selectors(headers, INCLUDE), _selectors(headers, EXCLUDE)
    return Limits(
        include=(include,) if include else (),
        exclude=exclude,
        max_price_usd=_cap(headers, MAX_PRICE_USD, "US dollars"),
        max_latency_s=_cap(headers, MAX_LATENCY_S, "seconds"),
        max_energy_j=_cap(headers, MAX_ENERGY_J, "joules"),
        max_calls=_whole(headers, MAX_CALLS, "calls"),
        max_total_tokens=_whole(headers, MAX_TOTAL_TOKENS, "tokens"),
    )


def _selectors(headers: Headers, name: str) -> frozenset[str]:
    """Those of every header of this name: an exclusion in the second is one, too."""
    if name not in headers:
        return frozenset()
    given = [_text(part.strip()) for line in headers.getlist(name) for part in line.split(",")]
    wrong = next((one for one in given if not re.match(PATTERN, one)), None)
    if wrong is not None or len(given) > MAX_SELECTORS:
        told = f"holds {wrong[:64]!r}" if wrong is not None else f"holds {len(given)}"
        raise InvalidRequestError(
            f"header {name!r} {told}; it must hold up to {MAX_SELECTORS} of 'tag:NAME', "
            "'license:NAME', 'owner:NAME' and 'expert:ID', separated by commas",
            param=name,
        )
    return frozenset(map(selector, given))


def _text(value: str) -> str:
    """Headers travel as bytes: names of tags and owners are UTF-8 where they are no ASCII."""
    return value if value.isascii() else value.encode("latin-1").decode("utf-8", "replace")


def _cap(headers: Headers, name: str, unit: str) -> float | None:
    given = headers.getlist(name)
    if not given:
        return None
    try:
        caps = [float(one) for one in given]
    except ValueError:
        caps = [0.0]
    if not all(isfinite(cap) and cap > 0 for cap in caps):
        raise InvalidRequestError(
            f"header {name!r} is {', '.join(given)[:64]!r}; it must be a number of {unit} above 0",
            param=name,
        )
    return min(caps)


def _whole(headers: Headers, name: str, unit: str) -> int | None:
    given = headers.getlist(name)
    if not given:
        return None
    try:
        caps = [int(one) for one in given]
    except ValueError:
        caps = [0]
    if min(caps) < 1:
        raise InvalidRequestError(
            f"header {name!r} is {', '.join(given)[:64]!r}; it must be a whole number of {unit} "
            "above 0",
            param=name,
        )
    return min(caps)
