"""Chooses by the scores of several routers, each brought to one scale and weighed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .base import Prompts, Route, Router, RouterError, chosen_through


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From a router's score to the quality it stands for: `level + slope * score`."""

    level: float
    slope: float

    def quality(self, score: float) -> float:
        """What a score stands for."""
        return self.level + self.slope * score


#: For scores that are taken at their word.
AS_SAID = Scale(level=0.0, slope=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A router that has a say."""

    router: Router
    #: Its part of the decision, over 0.
    weight: float
    scale: Scale = AS_SAID


@dataclass(frozen=True, slots=True, kw_only=True)
class BlendRouter:
    """The expert with the highest weighed mean over routers.

    A router that fell back on a prompt was unsure and has no say in it; where all did, the route is
    that of the heaviest.
    """

    #: Router id -> its say.
    members: Mapping[str, Member]
    #: Of the fitted weights; empty where they are given.
    fitted: str = ""

    @property
    def version(self) -> str:
        """Versions of weights and routers."""
        own = [self.fitted] if self.fitted else []
        return "+".join([*own, *(member.router.version for member in self.members.values())])

    @property
    def is_slow(self) -> bool:
        """Whether one of the routers takes over a few milliseconds."""
        return any(member.router.is_slow for member in self.members.values())

    def route(self, prompts: Prompts) -> list[Route]:
        """One route per text, in order.

        Raises:
            RouterError: no candidate is left to choose from.
        """
        if not prompts.candidates:
            raise RouterError("no candidate is left to choose from; name at least one expert")
        columns = [member.router.route(prompts) for member in self.members.values()]
        return [
            self._blended(dict(zip(self.members, row, strict=True)))
            for row in zip(*columns, strict=True)
        ]

    def _blended(self, routes: Mapping[str, Route]) -> Route:
        sure = {name: route for name, route in routes.items() if not route.is_fallback}
        needs_generation = any(route.needs_generation for route in routes.values())
        if not sure:
            return self._unsure(routes, needs_generation=needs_generation)
        total = sum(self.members[name].weight for name in sure)
        shares = {name: self.members[name].weight / total for name in sure}
        names = sorted({expert for route in sure.values() for expert in route.scores})
        scores = {name: min(1.0, max(0.0, self._mean(name, sure, shares))) for name in names}
        best = max(scores, key=scores.__getitem__)
        heaviest = sure[max(shares, key=shares.__getitem__)]
        return Route(
            chosen=(best,),
            scores=scores,
            category=heaviest.category,
            entropy=heaviest.entropy,
            reasons=(*self._reasons(routes, shares), f"together {best!r} at {scores[best]:.2f}"),
            needs_generation=needs_generation,
            aggregator=self._aggregator(sure),
        )

    def _aggregator(self, sure: Mapping[str, Route]) -> str | None:
        """The one that the heaviest router names of those that name any."""
        naming = [name for name, route in sure.items() if route.aggregator is not None]
        heaviest = max(naming, key=lambda name: self.members[name].weight, default=None)
        return None if heaviest is None else sure[heaviest].aggregator

    def _mean(self, expert: str, sure: Mapping[str, Route], shares: Mapping[str, float]) -> float:
        """Over the routers that score the expert."""
        told = {
            name: self.members[name].scale.quality(route.scores[expert])
            for name, route in sure.items()
            if expert in route.scores
        }
        return sum(shares[name] * one for name, one in told.items()) / sum(
            shares[name] for name in told
        )

    def _reasons(self, routes: Mapping[str, Route], shares: Mapping[str, float]) -> Sequence[str]:
        return [
            f"router {name!r}, share {shares[name]:.0%}, is for {route.chosen[0]!r}"
            if name in shares
            else f"router {name!r} is unsure and has no say"
            for name, route in routes.items()
        ]

    def _unsure(self, routes: Mapping[str, Route], *, needs_generation: bool) -> Route:
        heaviest = max(routes, key=lambda name: self.members[name].weight)
        return replace(
            chosen_through(routes[heaviest], heaviest),
            reasons=(
                f"every router is unsure; {heaviest!r} weighs most",
                *routes[heaviest].reasons,
            ),
            needs_generation=needs_generation,
        )


def plain_blend(routers: Mapping[str, Router], weights: Mapping[str, float]) -> BlendRouter:
    """A blend with given weights; scores are taken at their word."""
    members = {name: Member(router=one, weight=weights[name]) for name, one in routers.items()}
    return BlendRouter(members=members)
