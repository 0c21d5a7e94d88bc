"""Where routers made of conditions send a prompt: to one expert, or on to another router."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .base import Prompts, Route, Router, RouterError, chosen_through


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One of the two."""

    expert: str | None = None
    #: Id of a router that is asked.
    router: str | None = None


def reached(
    target: Target, prompt: Prompts, routers: Mapping[str, Router], reasons: list[str]
) -> Route | None:
    """The route of one prompt by a target, `None` where it leads to no candidate.

    Args:
        target: where to.
        prompt: one text.
        routers: every router that a target may name.
        reasons: why it was reached or not is added here.
    """
    if target.router is None:
        assert target.expert is not None, "the registry's check has seen to it"
        return _straight(target.expert, prompt.candidates, reasons)
    try:
        (route,) = routers[target.router].route(prompt)
    except RouterError as exc:
        reasons.append(f"router {target.router!r} finds no expert: {exc}")
        return None
    reasons.append(f"router {target.router!r} is asked")
    return chosen_through(route, target.router)


def _straight(expert: str, candidates: frozenset[str], reasons: list[str]) -> Route | None:
    if expert not in candidates:
        reasons.append(f"its expert {expert!r} is not a candidate")
        return None
    reasons.append(f"its expert is {expert!r}")
    return Route(chosen=(expert,), scores={expert: 1.0})
