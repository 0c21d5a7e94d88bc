"""Residency as a signal: of experts that are about as good, the one that answers sooner.

A router knows who answers best; the cost model knows who would answer first. What a point of
quality is worth in seconds is the operator's to say, as the slack within which seconds decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from routers.base import Route

#: What is sooner by less is as soon: estimates are no better, seconds.
_LEAST_GAIN_S = 0.05
#: Of sums of floats; scores that are closer are equal.
_ROUNDING = 1e-9


def sooner(route: Route, answer_s: Callable[[str], float | None], *, slack: float) -> Route:
    """`route`, led by whom it should lead: see the module.

    A route of an unsure router is left as it is: its scores say little.

    Args:
        route: what the router chose, best first.
        answer_s: seconds until an expert would have answered; `None` where nobody can say.
        slack: score that may be given up, in [0, 1]; 0 changes nothing.
    """
    best = route.chosen[0]
    best_s = answer_s(best) if slack > 0 and not route.is_fallback else None
    if best_s is None:
        return route
    least = route.scores.get(best, 0.0) - slack - _ROUNDING
    timed = {name: answer_s(name) for name, score in route.scores.items() if score >= least}
    known = {name: s for name, s in timed.items() if s is not None}
    first = min(known, key=lambda name: (known[name], -route.scores[name], name), default=best)
    if first == best or known[first] > best_s - _LEAST_GAIN_S:
        return route
    reason = (
        f"{first!r} ({_told(route, first)}, {known[first]:.2f} s) goes before {best!r} "
        f"({_told(route, best)}, {best_s:.2f} s): it answers sooner, within {slack:.3f} of score"
    )
    others = (name for name in route.chosen if name != first)
    return replace(route, chosen=(first, *others), reasons=(*route.reasons, reason))


def _told(route: Route, name: str) -> str:
    return f"score {route.scores.get(name, 0.0):.3f}"


def succession(route: Route, *, most: int) -> tuple[str, ...]:
    """Who answers where the first choice cannot: the router's other choices, then the best scores.

    Args:
        route: its scores are those of candidates alone.
        most: how many are wanted.
    """
    if most <= 0:
        return ()
    by_score = sorted(route.scores, key=lambda name: (-route.scores[name], name))
    ordered = dict.fromkeys((*route.chosen, *by_score))
    return tuple(name for name in ordered if name != route.chosen[0])[:most]


def widened(route: Route, *, most: int) -> Route:
    """`route` with as many chosen as are to be asked together, at most `most`.

    A router that recruits several has said how many a question needs; one that chooses a single
    expert is followed by its next best.
    """
    recruited = tuple(dict.fromkeys(route.chosen))
    if len(recruited) > 1:
        kept = frozenset(recruited[:most])
        return replace(route, chosen=tuple(name for name in route.chosen if name in kept))
    return replace(route, chosen=(recruited[0], *succession(route, most=most - 1)))
