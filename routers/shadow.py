"""One router decides; others are asked the same, off the answer's path, to compare them with it."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol, cast

from .base import Prompts, Route, Router, RouterError

#: Whether a shadow chose as was decided; `failed` and `dropped` where it did not choose.
Agreed = Literal["yes", "no", "failed", "dropped"]

#: Router id -> the expert it chose, `None` while it has not; its keys never change.
Choices = dict[str, str | None]


class Shadowing(Protocol):
    """Where shadows are asked, and who is told what they said."""

    def later(self, job: Callable[[], None]) -> bool:
        """Do `job` beside the answer; false where too much waits already, and it never will be."""
        ...

    def compared(self, router: str, shadow: str, agreed: Agreed) -> None:
        """Hear of one prompt; from any thread."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowRouter:
    """Routes as one router does; whatever its shadows do is seen beside the route, never in it."""

    #: Id of the router that decides.
    name: str
    router: Router
    #: Router id -> a router that is compared with it.
    shadows: Mapping[str, Router]
    shadowing: Shadowing

    @property
    def version(self) -> str:
        """Version of the router that decides."""
        return self.router.version

    @property
    def is_slow(self) -> bool:
        """Whether the router that decides is; its shadows are not waited for."""
        return self.router.is_slow

    def route(self, prompts: Prompts) -> list[Route]:
        """One route per text, in order; `compared` is filled in as the shadows answer.

        Raises:
            RouterError: no candidate is left to choose from.
        """
        routes = self.router.route(prompts)
        choices: list[Choices] = [dict.fromkeys(self.shadows) for _ in routes]
        for name in self.shadows:
            if not self.shadowing.later(partial(self._ask, name, prompts, routes, choices)):
                self._tell(name, ["dropped"] * len(routes))
        return [
            replace(
                route,
                chosen_by=route.chosen_by or self.name,
                compared=_beside(own, route.compared),
            )
            for route, own in zip(routes, choices, strict=True)
        ]

    def _ask(
        self, name: str, prompts: Prompts, decided: Sequence[Route], choices: Sequence[Choices]
    ) -> None:
        agreed: list[Agreed] = ["failed"] * len(decided)
        try:
            # One that has no candidate to choose is counted; what else goes wrong is raised too.
            with suppress(RouterError):
                routes = self.shadows[name].route(prompts)
                for own, route in zip(choices, routes, strict=True):
                    own[name] = route.chosen[0]
                agreed = [_agreed(*pair) for pair in zip(decided, routes, strict=True)]
        finally:
            self._tell(name, agreed)

    def _tell(self, shadow: str, agreed: Sequence[Agreed]) -> None:
        for one in agreed:
            self.shadowing.compared(self.name, shadow, one)


def _agreed(decided: Route, other: Route) -> Agreed:
    return "yes" if decided.chosen[0] == other.chosen[0] else "no"


def _beside(own: Choices, inner: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Both as one; the inner one, of a shadow within, is still being filled in."""
    return ChainMap(own, cast("Choices", inner)) if inner else own
