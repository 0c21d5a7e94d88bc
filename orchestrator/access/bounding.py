"""A key's terms as the store counts them, and its counts as callers are told them; pure."""

from __future__ import annotations

from math import ceil

from orchestrator.access.metering import Standing
from orchestrator.access.terms import Terms
from orchestrator.store.meters import MAX_NANO_USD, Bounds, Left, Taken

_NANO = 1e9


def nano_usd(usd: float) -> int:
    """Whole nano-USD, rounded up; what floats add to a sum is not rounded up."""
    return min(ceil(round(usd * _NANO, 3)), MAX_NANO_USD)


def binds_spend(terms: Terms) -> bool:
    """Whether terms bound what is spent, and not just how often is asked."""
    bounds = (terms.tokens_per_minute, terms.budget_day_usd, terms.budget_usd)
    return any(one is not None for one in bounds)


def bounds_of(terms: Terms, *, is_background: bool) -> Bounds:
    """What the store holds a request to; of a line of a batch what it spends alone."""
    return Bounds(
        requests=None if is_background else terms.requests_per_minute,
        concurrent=None if is_background else terms.max_concurrent,
        tokens=terms.tokens_per_minute,
        day_nano_usd=_budget(terms.budget_day_usd),
        all_nano_usd=_budget(terms.budget_usd),
    )


def _budget(usd: float | None) -> int | None:
    return None if usd is None else min(int(round(usd * _NANO, 3)), MAX_NANO_USD)


def standings_of(taken: Taken, bounds: Bounds) -> tuple[Standing, ...]:
    """How much of each limit is left, as callers are told."""
    found = []
    if taken.requests is not None and bounds.requests is not None:
        found.append(_standing("requests", bounds.requests, taken.requests))
    if taken.tokens is not None and bounds.tokens is not None:
        found.append(_standing("tokens", bounds.tokens, taken.tokens))
    return tuple(found)


def _standing(kind: str, limit: int, left: Left) -> Standing:
    return Standing(
        kind="requests" if kind == "requests" else "tokens",
        limit=limit,
        remaining=left.remaining,
        resets_s=left.resets_ms / 1000,
    )
