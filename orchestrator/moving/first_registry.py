"""The first registry of somebody who has models: experts by lineage, a router, a slot."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.engines.lineage import Lineage
from orchestrator.errors import SetupError
from orchestrator.moving.naming import id_of
from orchestrator.moving.surveying import Found
from orchestrator.moving.writing import Comments
from orchestrator.registry.compositions import CompositionSpec, RouteComposition
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert, Registry, Slot
from orchestrator.registry.router_rules import Conditions, Keywords, Rule, RulesRouter, Target
from orchestrator.registry.routers import RouterSpec, TaskRouter

_GIB = 2**30
_ENGINE_GIB = 1.0
_CACHE_GIB = 0.25
#: Names that models for everything have.
_GENERAL = re.compile(r"general|instruct|chat|assistant", re.IGNORECASE)
_MAX_RULES = 200
#: Adapters that an engine is told to hold ready; others take their turns.
_MAX_LORAS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the slot of a first registry may take."""

    memory_gib: float
    accelerators: int = 0


def experts_of(found: Sequence[Found]) -> tuple[Expert, ...]:
    """The experts that models and adapters make, by names that differ.

    Raises:
        SetupError: the base of an adapter is not among them.
    """
    bases = {one.source: _base_of(one, found) for one in found if one.base is not None}
    ids: dict[str, str] = {}
    for one in found:
        ids[one.source] = id_of(one.name, taken=ids.values())
    return tuple(
        _adapter(one, ids[one.source], base=ids[bases[one.source]])
        if one.source in bases
        else _whole(one, ids[one.source], adapters=list(bases.values()).count(one.source))
        for one in found
    )


def _base_of(adapter: Found, found: Sequence[Found]) -> str:
    """The source of the model that it is put on: of that name, or the only one that ends so."""
    wanted = str(adapter.base).rstrip("/")
    models = [one for one in found if one.base is None]
    exact = [one.source for one in models if one.source == wanted]
    like = [one.source for one in models if one.name == wanted.rpartition("/")[2]]
    if len(matches := exact or like) != 1:
        raise SetupError(
            f"adapter {adapter.source!r} is put on {wanted!r}, which is not among the models: "
            f"{sorted(one.source for one in models)}; name that model as well"
        )
    return matches[0]


def _adapter(found: Found, id_: str, *, base: str) -> Expert:
    return Expert(
        id=id_,
        base=base,
        adapter=found.source,
        parameters=found.parameters,
        license=found.card.license,
        tags=found.card.tags,
    )


def _whole(found: Found, id_: str, *, adapters: int) -> Expert:
    return Expert(
        id=id_,
        model=found.source,
        engine=_engine(found, adapters=adapters),
        parameters=found.parameters,
        license=found.card.license,
        tags=found.card.tags,
    )


def _engine(found: Found, *, adapters: int) -> VllmEngine:
    if found.embeds:
        return VllmEngine(task="embed", max_model_len=min(found.max_context, 512))
    # Four answers at once, of the longest.
    cache_gib = 4 * found.max_context * found.cache_bytes_per_token / _GIB
    rounded = max(_CACHE_GIB, math.ceil(cache_gib * 4) / 4)
    loras = min(adapters, _MAX_LORAS) or None
    return VllmEngine(max_model_len=found.max_context, kv_cache_gib=rounded, max_loras=loras)


def general_of(experts: Sequence[Expert], wanted: str | None) -> Expert:
    """Who answers where no rule holds: as named, else by its name, else the largest.

    Raises:
        SetupError: there is no such expert, or none that answers with text.
    """
    able = [one for one in experts if not one.embeds and not one.is_adapter]
    if wanted is not None:
        by_id = {one.id: one for one in able}
        if wanted not in by_id:
            raise SetupError(f"{wanted!r} is no expert that answers with text: {sorted(by_id)}")
        return by_id[wanted]
    if not able:
        raise SetupError("none of the models answers with text: name one that does")
    named = [one for one in able if _GENERAL.search(one.id)]
    return max(named or able, key=lambda one: one.parameters or 0)


def first_registry(
    experts: Sequence[Expert], lineages: Sequence[Lineage], *, general: Expert, machine: Machine
) -> tuple[Registry, Comments]:
    """The registry and what is said in it.

    Args:
        experts: all of them, as they are written.
        lineages: the same, grouped by the engine they share.
        general: who answers where no rule holds.
        machine: what the slot may take.
    """
    by_id = {one.id: one for one in experts}
    ordered = tuple(by_id[one.id] for lineage in lineages for one in lineage.experts)
    needed_gib = max(_needed_gib(lineage) for lineage in lineages)
    memory_gib = max(machine.memory_gib, math.ceil(needed_gib * 10) / 10)
    slot = Slot(name="local", memory_gib=memory_gib, accelerators=machine.accelerators)
    routers: dict[str, RouterSpec] = {"first": _router(ordered, general)}
    compositions: dict[str, CompositionSpec] = {
        "auto": RouteComposition(kind="route", router="first")
    }
    registry = Registry(experts=ordered, routers=routers, compositions=compositions, slots=(slot,))
    return registry, _comments(lineages, general, needed_gib, machine)


def _needed_gib(lineage: Lineage) -> float:
    engine = lineage.experts[0].engine
    cache_gib = engine.kv_cache_gib if isinstance(engine, VllmEngine) else 0.0
    return lineage.num_weight_bytes / _GIB + cache_gib + _ENGINE_GIB


def _router(experts: Sequence[Expert], general: Expert) -> RouterSpec:
    """By the experts' own names, until one is fitted."""
    others = [one for one in experts if one.id != general.id and not one.embeds]
    if not others:
        return TaskRouter(kind="task", experts={general.id: 1.0})
    rules = tuple(
        Rule(name=one.id, when=Conditions(keywords=Keywords(any=_words(one.id))), expert=one.id)
        for one in others[:_MAX_RULES]
    )
    return RulesRouter(kind="rules", rules=rules, otherwise=Target(expert=general.id))


def _words(id_: str) -> tuple[str, ...]:
    parts = [part for part in re.split(r"[^A-Za-z]+", id_) if len(part) > 2]
    return tuple(dict.fromkeys([id_, *parts]))


def _shared(lineage: Lineage) -> str:
    adapters = sum(one.is_adapter for one in lineage.experts)
    count = len(lineage.experts) - adapters
    beside = f", {adapters} adapter{'s' if adapters > 1 else ''} beside" if adapters else ""
    engine = f"{count} experts share one engine and swap" if count > 1 else "an engine alone"
    return engine + beside


def _comments(
    lineages: Sequence[Lineage], general: Expert, needed_gib: float, machine: Machine
) -> Comments:
    above: dict[str, tuple[str, ...]] = {}
    for lineage in lineages:
        each_gib = lineage.num_weight_bytes / _GIB
        line = f"Lineage {lineage.id}: {_shared(lineage)}, {each_gib:.2f} GiB each."
        above[lineage.experts[0].id] = (line,)
    slots = (
        f"Where engines run. The largest lineage needs {needed_gib:.1f} GiB, this machine has "
        f"{machine.memory_gib:.1f} GiB for it."
    )
    sections: Mapping[str, tuple[str, ...]] = {
        "experts": (
            "The models that answer. Say what each is good at, for people and routers:",
            "`description` and `skills`; licences and tags are those of the models' cards.",
            "experts.yaml of the project shows every key.",
        ),
        "routers": (
            "A beginning: prompts that hold a name of an expert go to it, all others to",
            f"{general.id}. Fit one on questions of yours: `orchestrator fit --help`.",
        ),
        "compositions": ("What callers name as `model`: `auto`.",),
        "slots": (slots,),
    }
    head = (
        "Written by `orchestrator init`. `orchestrator check` says what is wrong with an edit,",
        "`orchestrator serve` serves it, `orchestrator experts edit` changes it.",
    )
    return Comments(head=head, experts=above, sections=sections)
