"""From entries of the registry to compositions, by kind.

A program is imported when it is needed: a registry without routers is served without numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module

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
from orchestrator.registry.composition_entry import CompositionEntry
from orchestrator.registry.compositions import CompositionSpec, RouteComposition
from orchestrator.routing.limits import limits_of
from routers.base import Router, RouterError

Routers = Mapping[str, Router]

_PACKAGE = "orchestrator.compositions"


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
    if isinstance(spec, RouteComposition):
        return _route(spec, setting)
    if isinstance(spec, CascadeComposition):
        return _cascade(spec, setting)
    return _program(spec, setting)


def _program(spec: CompositionSpec, setting: Setting) -> Composition:
    """The program of a kind that needs nothing else."""
    module, name = _PROGRAMS[spec.kind]
    made: Composition = getattr(import_module(f"{_PACKAGE}.{module}"), name)(spec, setting)
    return made


def _route(spec: RouteComposition, setting: Setting) -> Composition:
    assert setting.router is not None, "its entry names one"
    return RouteOne(
        setting.router, setting.generation, limits=setting.limits, num_fallbacks=spec.fallbacks
    )


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


#: Kind -> module and name of its program; a kind that takes more than entry and setting has a
#: builder above.
_PROGRAMS = {
    "vote": ("vote", "Vote"),
    "self_moa": ("self_moa", "SelfMoa"),
    "symbolic_moe": ("symbolic_moe", "SymbolicMoe"),
    "self_moa_seq": ("self_moa_seq", "SelfMoaSeq"),
    "moa": ("moa", "Moa"),
    "best_of_n": ("best_of_n", "BestOfN"),
    "rank": ("rank", "Rank"),
    "rpc": ("rpc", "Rpc"),
    "ensemble": ("ensemble", "Ensemble"),
    "decompose": ("decompose", "Decompose"),
}
