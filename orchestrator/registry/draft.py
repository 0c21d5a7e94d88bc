"""What can be read of a registry, sound or not.

A file with an unknown key in one expert still deserves to hear of the missing folder of another,
so the checks of references, files and memory run on the entries that are sound by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter

from orchestrator.registry.compositions import CompositionSpec
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.entries import child
from orchestrator.registry.faults import KeyPath
from orchestrator.registry.form import key_path, parse
from orchestrator.registry.models import Expert, Registry, Slot
from orchestrator.registry.routers import RouterSpec

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Sound entries by their place in the file, and all names, those of faulty entries too."""

    experts: Mapping[int, Expert]
    slots: Mapping[int, Slot] = field(default_factory=dict)
    routers: Mapping[str, RouterSpec] = field(default_factory=dict)
    compositions: Mapping[str, CompositionSpec] = field(default_factory=dict)
    #: Position -> id, and position -> slot name.
    expert_ids: Mapping[int, str]
    slot_names: Mapping[int, str] = field(default_factory=dict)
    router_ids: tuple[str, ...] = ()
    composition_ids: tuple[str, ...] = ()

    @property
    def hosted(self) -> dict[int, Expert]:
        """The sound experts with weights in a slot's own vLLM, by position; no adapters."""
        return {
            at: one
            for at, one in self.experts.items()
            if isinstance(one.engine, VllmEngine) and not one.is_adapter
        }

    @property
    def fitted(self) -> Iterator[tuple[KeyPath, RouterSpec | CompositionSpec]]:
        """The sound entries that may name fitted artifacts, by their place in the file."""
        for name, router in self.routers.items():
            yield ("routers", name), router
        for name, composition in self.compositions.items():
            yield ("compositions", name), composition


def draft_of(registry: Registry) -> Draft:
    """A sound registry as a draft."""
    return Draft(
        experts=dict(enumerate(registry.experts)),
        slots=dict(enumerate(registry.slots)),
        routers=registry.routers,
        compositions=registry.compositions,
        expert_ids={at: expert.id for at, expert in enumerate(registry.experts)},
        slot_names={at: slot.name for at, slot in enumerate(registry.slots)},
        router_ids=tuple(registry.routers),
        composition_ids=tuple(registry.compositions),
    )


def salvage(value: Any) -> Draft:
    """The sound entries of a faulty file; faulty optional keys are left out of them."""
    experts = dict(_items(child(value, "experts")))
    slots = dict(_items(child(value, "slots")))
    routers = _mapping(child(value, "routers"))
    compositions = _mapping(child(value, "compositions"))
    return Draft(
        experts=_sound(TypeAdapter(Expert), experts),
        slots=_sound(TypeAdapter(Slot), slots),
        routers=_sound(TypeAdapter(RouterSpec), routers),
        compositions=_sound(TypeAdapter(CompositionSpec), compositions),
        expert_ids=_names(experts, "id"),
        slot_names=_names(slots, "name"),
        router_ids=tuple(routers),
        composition_ids=tuple(compositions),
    )


K = TypeVar("K", int, str)


def _sound(adapter: TypeAdapter[T], entries: Mapping[K, Any]) -> dict[K, T]:
    return {key: sound for key, entry in entries.items() for sound in _salvaged(adapter, entry)}


def _salvaged(adapter: TypeAdapter[T], value: Any) -> list[T]:
    """The entry without its faulty keys, or nothing."""
    sound, errors = parse(adapter, value)
    if not errors:
        return sound
    # By way of JSON, since what an alias stands for is shared by all who use it.
    without = json.loads(json.dumps(value))
    for error in errors:
        _remove(without, key_path(error["loc"], value))
    return parse(adapter, without)[0]


def _remove(value: Any, path: KeyPath) -> None:
    if not path:
        return
    for step in path[:-1]:
        value = child(value, step)
    # Without its engine an expert would become another, with faults of its own.
    if isinstance(value, dict) and path[-1] != "engine":
        value.pop(path[-1], None)


def _items(value: Any) -> Iterator[tuple[int, Any]]:
    return iter(enumerate(value)) if isinstance(value, list) else iter(())


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _names(entries: Mapping[int, Any], key: str) -> dict[int, str]:
    names = {at: child(entry, key) for at, entry in entries.items()}
    return {at: name for at, name in names.items() if isinstance(name, str)}
