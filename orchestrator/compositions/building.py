"""From entries of the registry to compositions: one builder a kind.

What only some kinds need is imported by their builders: a registry without routers is served
without numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from orchestrator.compositions.asking import prompts_of
from orchestrator.compositions.base import Composition
from orchestrator.compositions.choosing import Choosing
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.program import Setting
from orchestrator.compositions.reading_answers import Reading, by_kind, by_meaning
from orchestrator.compositions.route import RouteOne
from orchestrator.errors import RegistryError
from orchestrator.registry.composition_answers import AnswersEntry
from orchestrator.registry.composition_cascade import CascadeComposition
from orchestrator.registry.composition_decompose import DecomposeComposition
from orchestrator.registry.composition_ensemble import EnsembleComposition
from orchestrator.registry.composition_entry import CompositionEntry
from orchestrator.registry.composition_judged import BestOfNComposition, RankComposition
from orchestrator.registry.composition_moa import (
    MoaComposition,
    SelfMoaSeqComposition,
    SymbolicMoeComposition,
)
from orchestrator.registry.composition_rpc import RpcComposition
from orchestrator.registry.compositions import (
    RouteComposition,
    SelfMoaComposition,
    VoteComposition,
)
from orchestrator.routing.limits import limits_of
from routers.base import Router, RouterError

Routers = Mapping[str, Router]


def composed(composition_id: str, generation: Generation, routers: Routers) -> Composition:
    """The composition of this name, as its entry says.

    Raises:
        RegistryError: it names a router that was not loaded.
    """
    spec = generation.registry.compositions[composition_id]
    limits = limits_of(spec.limits)
    if not isinstance(spec, RouteComposition) and limits.max_calls is None:
        limits = replace(limits, max_calls=generation.registry.defaults.max_calls)
    setting = Setting(
        id=composition_id,
        generation=generation,
        limits=limits,
        prompts=prompts_of(spec, composition_id=composition_id),
        router=_choosing(spec, composition_id, generation, routers),
        reading=_reading(spec, composition_id, routers),
    )
    return _BUILDERS[spec.kind](spec, setting)


def _route(spec: RouteComposition, setting: Setting) -> Composition:
    assert setting.router is not None, "its entry names one"
    return RouteOne(
        setting.router, setting.generation, limits=setting.limits, num_fallbacks=spec.fallbacks
    )


def _vote(spec: VoteComposition, setting: Setting) -> Composition:
    from orchestrator.compositions.vote import Vote

    return Vote(spec, setting)


def _self_moa(spec: SelfMoaComposition, setting: Setting) -> Composition:
    from orchestrator.compositions.self_moa import SelfMoa

    return SelfMoa(spec, setting)


def _symbolic_moe(spec: SymbolicMoeComposition, setting: Setting) -> Composition:
    from orchestrator.compositions.symbolic_moe import SymbolicMoe

    return SymbolicMoe(spec, setting)


def _self_moa_seq(spec: SelfMoaSeqComposition, setting: Setting) -> Composition:
    from orchestrator.compositions.self_moa_seq import SelfMoaSeq

    return SelfMoaSeq(spec, setting)


def _moa(spec: MoaComposition, setting: Setting) -> Composition:
    from orchestrator.compositions.moa import Moa

    return Moa(spec, setting)


def _cascade(spec: CascadeComposition, setting: Setting) -> Composition:
    from orchestrator.compositions.cascade import Cascade

    return Cascade(spec, setting, tau=_tau(spec, setting))


def _tau(spec: CascadeComposition, setting: Setting) -> float:
    """What an answer has to reach: as the entry says, else as its artifact does."""
    if spec.tau is not None:
        return spec.tau
    from routers.acceptance_files import load_acceptance

    assert spec.artifact is not None, "an entry has one of both"
    try:
        return load_acceptance(spec.artifact, experts=[*spec.cheap, spec.strong]).tau
    except RouterError as exc:
        raise RegistryError(f"composition {setting.id!r} cannot be used: {exc}") from exc


def _best_of_n(spec: BestOfNComposition, setting: Setting) -> Composition:
    from orchestrator.compositions.best_of_n import BestOfN

    return BestOfN(spec, setting)


def _rank(spec: RankComposition, setting: Setting) -> Composition:
    from orchestrator.compositions.rank import Rank

    return Rank(spec, setting)


def _rpc(spec: RpcComposition, setting: Setting) -> Composition:
    from orchestrator.compositions.rpc import Rpc

    return Rpc(spec, setting)


def _ensemble(spec: EnsembleComposition, setting: Setting) -> Composition:
    from orchestrator.compositions.ensemble import Ensemble

    return Ensemble(spec, setting)


def _reading(spec: CompositionEntry, name: str, routers: Routers) -> Reading | None:
    """How it reads answers; of a kind that counts them."""
    if not isinstance(spec, AnswersEntry):
        return None
    if spec.answers != "meaning":
        return by_kind(spec.answers)
    from routers.embeddings import embedder_in

    router_id = spec.embedder or spec.router
    embedder = embedder_in(routers.get(router_id))
    if embedder is None or embedder.is_slow:
        why = "has no embedding" if embedder is None else "takes too long to read every answer"
        raise RegistryError(
            f"composition {name!r} compares answers by meaning, and router {router_id!r} {why}: "
            "let `embedder` name a router of kind category, neighbours or skill with the static one"
        )
    return by_meaning(embedder)


def _decompose(spec: DecomposeComposition, setting: Setting) -> Composition:
    from orchestrator.compositions.decompose import Decompose

    return Decompose(spec, setting)


def _choosing(
    spec: CompositionEntry, name: str, generation: Generation, routers: Routers
) -> Choosing | None:
    """Its router as it asks it; of a kind that has one."""
    router_id: str | None = getattr(spec, "router", None)
    if router_id is None:
        return None
    router = routers.get(router_id)
    if router is None:
        raise RegistryError(
            f"composition {name!r} uses router {router_id!r}, which is not loaded; "
            f"loaded: {sorted(routers)}"
        )
    return Choosing(
        name,
        generation,
        router_id=router_id,
        router=router,
        quality_slack=getattr(spec, "quality_slack", 0.0),
    )


_BUILDERS: dict[str, Callable[[Any, Setting], Composition]] = {
    "route": _route,
    "vote": _vote,
    "self_moa": _self_moa,
    "symbolic_moe": _symbolic_moe,
    "self_moa_seq": _self_moa_seq,
    "moa": _moa,
    "cascade": _cascade,
    "best_of_n": _best_of_n,
    "rank": _rank,
    "rpc": _rpc,
    "ensemble": _ensemble,
    "decompose": _decompose,
}
