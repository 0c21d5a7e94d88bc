"""Who is asked together for a request: as the router recruits them, within what it may cost.

Caps are of a request, so that experts who each keep them may break them together.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf

from orchestrator.compositions.allowed import Allowed
from orchestrator.routing.sooner import widened
from routers.base import Route
from routers.gap import close_to_best

#: Longest search for the best team, seconds; after it the best one so far.
_SEARCH_S = 0.005


def recruited(route: Route, *, most: int, max_gap_points: float | None = None) -> Route:
    """`route` with all chosen who answer together, `most` experts at most.

    A router that went by skills has said whom a question needs, and how often; a single expert of
    any other is followed by its next best, as `mixable` has it. An unsure router's general expert
    answers alone: the scores of others say little.
    """
    if route.is_fallback and len(set(route.chosen)) == 1:
        return replace(route, chosen=route.chosen[:1])
    if not route.skills:
        return mixable(route, most=most, max_gap_points=max_gap_points)
    kept = frozenset(list(dict.fromkeys(route.chosen))[:most])
    return replace(route, chosen=tuple(name for name in route.chosen if name in kept))


def mixable(route: Route, *, most: int, max_gap_points: float | None) -> Route:
    """`route` with those chosen whose answers are worth mixing; its best alone where none is.

    Args:
        route: of a router.
        most: experts that are chosen.
        max_gap_points: by how many points of its scores others may be behind the best; `None`
            takes the router's next best whatever they are.
    """
    if max_gap_points is None:
        return widened(route, most=most)
    if route.is_fallback or not route.scores:
        reason = "the router is unsure, so that nobody knows who is about as good: one answers"
        return replace(route, chosen=route.chosen[:1], reasons=(*route.reasons, reason))
    close = close_to_best(route.scores, max_gap_points=max_gap_points)
    reason = f"{len(close) - 1} of the others are within {max_gap_points:g} points of {close[0]!r}"
    return replace(route, chosen=close[:most], reasons=(*route.reasons, reason))


def team_of(route: Route, allowed: Allowed) -> tuple[str, ...]:
    """The experts of a route that recruits several, best first; nobody for one that does not.

    Where their sum keeps no cap, the set of as many that is best within all of them, exactly
    (MoE^2, arXiv:2501.09410): the chance that one of it is right if they err independently.
    """
    recruited = tuple(dict.fromkeys(route.chosen))
    if len(recruited) < 2:
        return ()
    if not allowed.limits.has_caps or _keeps_caps(route.chosen, allowed):
        return route.chosen
    # numpy comes with routers: a registry without any is served without it.
    from routers.sets import Candidate, Caps, best_set

    candidates = [
        Candidate(
            expert=name,
            score=score,
            price_usd=(expected := allowed.expected(name)).price_usd or 0.0,
            energy_j=expected.energy_j or 0.0,
        )
        for name, score in route.scores.items()
    ]
    limits = allowed.limits
    caps = Caps(max_price_usd=_cap(limits.max_price_usd), max_energy_j=_cap(limits.max_energy_j))
    return best_set(candidates, caps, k=len(recruited), time_s=_SEARCH_S).experts


def _keeps_caps(calls: tuple[str, ...], allowed: Allowed) -> bool:
    expected = [allowed.expected(name) for name in calls]
    price_usd = sum(one.price_usd or 0.0 for one in expected)
    energy_j = sum(one.energy_j or 0.0 for one in expected)
    limits = allowed.limits
    # Each is soon enough by itself, and they are asked at the same time. Who is recruited twice
    # is asked twice.
    return price_usd <= _cap(limits.max_price_usd) and energy_j <= _cap(limits.max_energy_j)


def _cap(cap: float | None) -> float:
    return inf if cap is None else cap
