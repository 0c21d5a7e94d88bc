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


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the slot of a first registry may take."""

    memory_gib: float
    accelerators: int = 0


def experts_of(found: Sequence[Found]) -> tuple[Expert, ...]:
    """The experts that models make, by names that differ."""
    experts: list[Expert] = []
    for one in found:
        id_ = id_of(one.name, taken=[expert.id for expert in experts])
        experts.append(
            Expert(id=id_, model=one.source, engine=_engine(one), parameters=one.parameters)
        )
    return tuple(experts)


def _engine(found: Found) -> VllmEngine:
    if found.embeds:
        return VllmEngine(task="embed", max_model_len=min(found.max_context, 512))
    # Four answers at once, of the longest.
    cache_gib = 4 * found.max_context * found.cache_bytes_per_token / _GIB
    rounded = max(_CACHE_GIB, math.ceil(cache_gib * 4) / 4)
    return VllmEngine(max_model_len=found.max_context, kv_cache_gib=rounded)


def general_of(experts: Sequence[Expert], wanted: str | None) -> Expert:
    """Who answers where no rule holds: as named, else by its name, else the largest.

    Raises:
        SetupError: there is no such expert, or none that answers with text.
    """
    able = [one for one in experts if not one.embeds]
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
    lineages: Sequence[Lineage], *, general: Expert, machine: Machine
) -> tuple[Registry, Comments]:
    """The registry and what is said in it.

    Args:
        lineages: all experts, grouped by the engine they share.
        general: who answers where no rule holds.
        machine: what the slot may take.
    """
    experts = tuple(one for lineage in lineages for one in lineage.experts)
    needed_gib = max(_needed_gib(lineage) for lineage in lineages)
    memory_gib = max(machine.memory_gib, math.ceil(needed_gib * 10) / 10)
    slot = Slot(name="local", memory_gib=memory_gib, accelerators=machine.accelerators)
    routers: dict[str, RouterSpec] = {"first": _router(experts, general)}
    compositions: dict[str, CompositionSpec] = {
        "auto": RouteComposition(kind="route", router="first")
    }
    registry = Registry(experts=experts, routers=routers, compositions=compositions, slots=(slot,))
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


def _comments(
    lineages: Sequence[Lineage], general: Expert, needed_gib: float, machine: Machine
) -> Comments:
    above: dict[str, tuple[str, ...]] = {}
    for lineage in lineages:
        each_gib = lineage.num_weight_bytes / _GIB
        count = len(lineage.experts)
        shared = f"{count} experts share one engine and swap" if count > 1 else "an engine alone"
        line = f"Lineage {lineage.id}: {shared}, {each_gib:.2f} GiB each."
        above[lineage.experts[0].id] = (line,)
    slots = (
        f"Where engines run. The largest lineage needs {needed_gib:.1f} GiB, this machine has "
        f"{machine.memory_gib:.1f} GiB for it."
    )
    sections: Mapping[str, tuple[str, ...]] = {
        "experts": (
            "The models that answer. Say what each is good at, for people and routers:",
            "`description`, `skills` and `license`; experts.yaml of the project shows every key.",
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
