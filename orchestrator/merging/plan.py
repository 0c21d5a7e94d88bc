"""From what the caller asks to a recipe: which experts, by which weights, and whether they fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import MergeError
from orchestrator.merging.adapters import check_adapters
from orchestrator.merging.posterior import by_router
from orchestrator.merging.recipe import Method, Recipe, Weights, equal, given
from orchestrator.merging.sources import Source, check_siblings, open_source
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.faults import listed, nearest
from orchestrator.registry.fields import Id
from orchestrator.registry.models import Expert, Registry
from orchestrator.registry.routers import CategoryRouter
from orchestrator.registry.surroundings import Surroundings
from routers.artifacts import load_router
from routers.base import RouterError


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRouter:
    """Weights asked of a router."""

    name: str
    prompts: tuple[str, ...]
    #: A clause that says where the prompts are from.
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A merge as it is asked for."""

    id: str
    experts: tuple[str, ...]
    #: `None`: `blend` for adapters, `average` for others.
    method: Method | None = None
    #: Given, from a router, or equal shares.
    weights: tuple[float, ...] | ByRouter | None = None
    shared: str | None = None
    rank: int | None = None


def plan(asked: Asked, registry: Registry, where: Surroundings) -> Recipe:
    """Check everything that can be checked before anything is written.

    Raises:
        MergeError: names the expert, and what is wrong or missing.
    """
    _check_asked(asked)
    experts = [_expert(name, registry) for name in asked.experts]
    method = asked.method or _method_for(experts)
    _check_method(asked, method, experts)
    sources = [_source(expert, where) for expert in experts]
    shared = _source(_expert(asked.shared, registry), where) if asked.shared else None
    if method == "blend":
        check_adapters(sources)
    else:
        check_siblings([*sources, *([shared] if shared else [])])
    return Recipe(
        id=asked.id,
        method=method,
        sources=tuple(sources),
        weights=_weights(asked, method, registry),
        shared=shared,
        rank=asked.rank,
        base_folder=_base_folder(experts[0], registry, where) if method == "blend" else None,
    )


def _check_asked(asked: Asked) -> None:
    try:
        TypeAdapter(Id).validate_python(asked.id)
    except ValidationError as exc:
        raise MergeError(f"{asked.id!r} cannot be an expert: {exc.errors()[0]['msg']}") from exc
    if len(asked.experts) < 2:
        raise MergeError(f"a merge is of two experts or more; only {listed(asked.experts)} named")
    twice = sorted({name for name in asked.experts if asked.experts.count(name) > 1})
    if twice:
        raise MergeError(f"expert {twice[0]!r} is named twice; give it one weight")
    if asked.rank is not None and asked.rank < 1:
        raise MergeError(f"rank {asked.rank} is no rank; at least 1 is")


def _expert(name: str, registry: Registry) -> Expert:
    expert = registry.expert(name)
    if expert is None:
        known = [one.id for one in registry.experts]
        meant = nearest(name, known)
        hint = f"; did you mean {meant!r}?" if meant else ""
        raise MergeError(f"expert {name!r} is not in the registry; known: {listed(known)}{hint}")
    if not isinstance(expert.engine, VllmEngine):
        raise MergeError(
            f"expert {name!r} runs on {expert.engine.kind}: its weights are not here to be merged"
        )
    return expert


def _method_for(experts: Sequence[Expert]) -> Method:
    return "blend" if all(expert.adapter for expert in experts) else "average"


def _check_method(asked: Asked, method: Method, experts: Sequence[Expert]) -> None:
    for expert in experts:
        if (method == "blend") != bool(expert.adapter):
            what = "an adapter" if expert.adapter else "no adapter"
            raise MergeError(
                f"expert {expert.id!r} is {what}: adapters are blended with adapters of their "
                f"base, other experts averaged with their siblings; the method is {method!r}"
            )
    if asked.shared and method != "twin":
        raise MergeError(f"--shared is for the method 'twin'; this is {method!r}")
    if asked.rank is not None and method == "average":
        raise MergeError("--rank is for the methods 'twin' and 'blend'; a mean has full rank")


def _source(expert: Expert, where: Surroundings) -> Source:
    folder = _folder(expert, where)
    if folder is None:
        raise MergeError(
            f"expert {expert.id!r}: {expert.adapter or expert.model!r} is no folder here; fetch it "
            f"first: orchestrator models pull {expert.id}"
        )
    return open_source(expert, folder)


def _folder(expert: Expert, where: Surroundings) -> Path | None:
    if expert.adapter is not None:
        return where.model_folder(expert.adapter)
    return where.model_folder(expert.model, expert.revision) if expert.model else None


def _base_folder(adapter: Expert, registry: Registry, where: Surroundings) -> Path | None:
    base = registry.expert(adapter.base) if adapter.base else None
    return _folder(base, where) if base else None


def _weights(asked: Asked, method: Method, registry: Registry) -> Weights:
    num_sources = len(asked.experts)
    if asked.weights is None:
        return equal(num_sources)
    if not isinstance(asked.weights, ByRouter):
        return given(asked.weights, method=method, num_sources=num_sources)
    return _weights_by_router(asked.weights, asked.experts, registry)


def _weights_by_router(asked: ByRouter, experts: Sequence[str], registry: Registry) -> Weights:
    spec = registry.routers.get(asked.name)
    if spec is None:
        raise MergeError(
            f"router {asked.name!r} is not in the registry; known: {listed(registry.routers)}"
        )
    if not isinstance(spec, CategoryRouter):
        raise MergeError(f"router {asked.name!r} is of kind {spec.kind!r}, without a posterior")
    try:
        router = load_router(spec.artifact, embedder=spec.embedder, fallback=spec.fallback)
    except RouterError as exc:
        raise MergeError(f"router {asked.name!r} cannot be used: {exc}") from exc
    origin = f"router {asked.name} on {asked.origin}"
    return by_router(router, asked.prompts, experts, origin=origin)
