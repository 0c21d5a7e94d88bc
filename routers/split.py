"""Compares routers on live traffic: each gets a share of the callers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from .base import Prompts, Route, Router, Traits, chosen_through

_BITS = 64
#: Versions are a header of each answer; splits of splits would double theirs with each level.
_MAX_VERSION_CHARS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRouter:
    """Routes each prompt by the router that its caller belongs to.

    A caller stays with a router while the shares stay: who is compared has seen one of them only.
    """

    #: Router id -> the router.
    routers: Mapping[str, Router]
    #: Router id -> its share, over 0; they need not sum to 1.
    shares: Mapping[str, float]

    @property
    def version(self) -> str:
        """Versions of the routers it chooses from; their hash where that is long."""
        joined = "+".join(router.version for router in self.routers.values())
        is_long = len(joined) > _MAX_VERSION_CHARS
        return hashlib.sha256(joined.encode()).hexdigest()[:12] if is_long else joined

    @property
    def is_slow(self) -> bool:
        """Whether one of the routers takes over a few milliseconds."""
        return any(router.is_slow for router in self.routers.values())

    def route(self, prompts: Prompts) -> list[Route]:
        """One route per text, in order, each with the way to the router that chose.

        Raises:
            RouterError: no candidate is left to choose from.
        """
        numbers_by_router: dict[str, list[int]] = {}
        for number, (_, traits) in enumerate(prompts.each()):
            numbers_by_router.setdefault(self._router_of(traits), []).append(number)
        found: dict[int, Route] = {}
        for name, numbers in numbers_by_router.items():
            routes = self.routers[name].route(prompts.only(numbers))
            for number, route in zip(numbers, routes, strict=True):
                found[number] = chosen_through(route, name)
        return [found[number] for number in range(len(prompts.texts))]

    def _router_of(self, traits: Traits) -> str:
        digest = hashlib.sha256(traits.caller.encode("utf-8", "replace")).digest()
        place = int.from_bytes(digest[: _BITS // 8], "big") / 2**_BITS * sum(self.shares.values())
        ends = zip(self.shares, accumulate(self.shares.values()), strict=True)
        return next((name for name, end in ends if place < end), next(iter(self.shares)))
