"""One router decides; others are asked the same, off the answer's path, to compare them with it."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol, cast

from .base import Prompts, Route, Router, RouterError, chosen_through

#: Whether a shadow chose as was decided; `failed` and `dropped` where it did not choose.
Agreed = Literal["yes", "no", "failed", "dropped"]

#: Router id -> the expert it chose, `None` while it has not; its keys never change.
Choices = dict[str, str | None]


class Shadowing(Protocol):
    """Where shadows are asked, and who is told what they said."""

    def later(self, job: Callable[[], None]) -> bool:
        """Do `job` beside the answer; false where too much waits already, and it never will be."""
        ...

    def hear(self, compared: Compared) -> None:
        """Take note of one prompt; from any thread."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One prompt that a shadow was asked."""

    #: Ids of the router that decided and of the shadow.
    router: str
    shadow: str
    #: Experts that the two chose; of the shadow `None` where it did not choose.
    chosen: str
    other: str | None
    agreed: Agreed


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
                self._tell(name, routes, choices, without="dropped")
        return [
            replace(chosen_through(route, self.name), compared=_beside(own, route.compared))
            for route, own in zip(routes, choices, strict=True)
        ]

    def _ask(
        self, name: str, prompts: Prompts, decided: Sequence[Route], choices: Sequence[Choices]
    ) -> None:
        try:
            # One that has no candidate to choose is counted; what else goes wrong is raised too.
            with suppress(RouterError):
                for own, route in zip(choices, self.shadows[name].route(prompts), strict=True):
                    own[name] = route.chosen[0]
        finally:
            self._tell(name, decided, choices, without="failed")

    def _tell(
        self, name: str, decided: Sequence[Route], choices: Sequence[Choices], *, without: Agreed
    ) -> None:
        for route, own in zip(decided, choices, strict=True):
            chosen, other = route.chosen[0], own[name]
            agreed: Agreed = without if other is None else "yes" if other == chosen else "no"
            compared = Compared(
                router=self.name, shadow=name, chosen=chosen, other=other, agreed=agreed
            )
            self.shadowing.hear(compared)


def _beside(own: Choices, inner: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Both as one; the inner one, of a shadow within, is still being filled in."""
    return ChainMap(own, cast("Choices", inner)) if inner else own
