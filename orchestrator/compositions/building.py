"""From entries of the registry to compositions: one builder a kind.

What only some kinds need is imported by their builders: a registry without routers is served
without numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.compositions.asking import prompts_of
from orchestrator.compositions.base import Composition
from orchestrator.compositions.choosing import Choosing
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.route import RouteOne
from orchestrator.errors import RegistryError
from orchestrator.registry.compositions import (
    CascadeComposition,
    RouteComposition,
    SelfMoaComposition,
    VoteComposition,
)
from orchestrator.routing.limits import limits_of
from routers.base import Router

#: Entries that have a router.
_Routed = RouteComposition | VoteComposition | SelfMoaComposition
Routers = Mapping[str, Router]


def composed(composition_id: str, generation: Generation, routers: Routers) -> Composition:
    """The composition of this name, as its entry says.

    Raises:
        RegistryError: it names a router that was not loaded.
    """
    spec = generation.registry.compositions[composition_id]
    return _BUILDERS[spec.kind](spec, composition_id, generation, routers)


def _route(
    spec: RouteComposition, name: str, generation: Generation, routers: Routers
) -> Composition:
    choosing = _choosing(spec, name, generation, routers)
    return RouteOne(choosing, generation, num_fallbacks=spec.fallbacks)


def _vote(
    spec: VoteComposition, name: str, generation: Generation, routers: Routers
) -> Composition:
    from orchestrator.compositions.vote import Vote

    return Vote(name, generation, spec=spec, choosing=_choosing(spec, name, generation, routers))


def _self_moa(
    spec: SelfMoaComposition, name: str, generation: Generation, routers: Routers
) -> Composition:
    from orchestrator.compositions.self_moa import SelfMoa

    return SelfMoa(
        name,
        generation,
        spec=spec,
        choosing=_choosing(spec, name, generation, routers),
        prompts=prompts_of(spec, composition_id=name),
    )


def _cascade(
    spec: CascadeComposition, name: str, generation: Generation, _routers: Routers
) -> Composition:
    from orchestrator.compositions.cascade import Cascade

    return Cascade(name, generation, spec=spec)


def _choosing(spec: _Routed, name: str, generation: Generation, routers: Routers) -> Choosing:
    router = routers.get(spec.router)
    if router is None:
        raise RegistryError(
            f"composition {name!r} uses router {spec.router!r}, which is not loaded; "
            f"loaded: {sorted(routers)}"
        )
    return Choosing(
        name,
        generation,
        router_id=spec.router,
        router=router,
        limits=limits_of(spec.limits),
        quality_slack=getattr(spec, "quality_slack", 0.0),
    )


_BUILDERS: dict[str, Callable[[Any, str, Generation, Routers], Composition]] = {
    "route": _route,
    "vote": _vote,
    "self_moa": _self_moa,
    "cascade": _cascade,
}
