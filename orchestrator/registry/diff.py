"""What differs between two registries: values for programs, lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from orchestrator.registry.faults import KeyPath, dotted
from orchestrator.registry.fields import Entry
from orchestrator.registry.models import Expert, Registry


class Part(BaseModel):
    """A part of a difference."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyChange(Part):
    """One key with another value; null where it has none."""

    key: str = Field(description="Within its entry, as people write it: `engine.max_model_len`.")
    old: JsonValue = None
    new: JsonValue = None


class EntryChange(Part):
    """One entry that is in both registries."""

    name: str
    keys: tuple[KeyChange, ...]
    is_redefined: bool = Field(
        False, description="An expert whose words or engine change: slots host it anew."
    )


class SectionDiff(Part):
    """One section of the file, by the names of its entries."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[EntryChange, ...] = ()
    is_reordered: bool = Field(False, description="Entries of both stand in another order.")

    @property
    def is_empty(self) -> bool:
        """Whether the section says the same."""
        return not (self.added or self.removed or self.changed or self.is_reordered)


class Diff(Part):
    """What differs between an old and a new registry."""

    experts: SectionDiff = SectionDiff()
    routers: SectionDiff = SectionDiff()
    compositions: SectionDiff = SectionDiff()
    slots: SectionDiff = SectionDiff()
    defaults: tuple[KeyChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether both say the same."""
        return not self.defaults and all(section.is_empty for _, section in sections(self))


def diff(old: Registry, new: Registry) -> Diff:
    """What `new` says otherwise than `old`."""
    return Diff(
        experts=_section(_experts(old), _experts(new)),
        routers=_section(old.routers, new.routers, has_order=False),
        compositions=_section(old.compositions, new.compositions, has_order=False),
        slots=_section(
            {slot.name: slot for slot in old.slots}, {slot.name: slot for slot in new.slots}
        ),
        defaults=_key_changes(old.defaults, new.defaults),
    )


def sections(found: Diff) -> Iterator[tuple[str, SectionDiff]]:
    """Each section under what one entry of it is called."""
    yield "expert", found.experts
    yield "router", found.routers
    yield "composition", found.compositions
    yield "slot", found.slots


def lines(found: Diff) -> Iterator[str]:
    """One line a difference, for people; none where both say the same."""
    for name, section in sections(found):
        yield from (f"+ {name} {entry}" for entry in section.added)
        yield from (f"- {name} {entry}" for entry in section.removed)
        for change in section.changed:
            note = "  (hosted anew)" if change.is_redefined else ""
            yield f"~ {name} {change.name}{note}"
            yield from (f"    {_line(key)}" for key in change.keys)
        if section.is_reordered:
            yield f"~ {name}s in another order"
    yield from (f"~ defaults.{_line(key)}" for key in found.defaults)


def _line(change: KeyChange) -> str:
    return f"{change.key}: {_shown(change.old)} -> {_shown(change.new)}"


def _shown(value: JsonValue) -> str:
    return "none" if value is None else repr(value)


def _experts(registry: Registry) -> dict[str, Expert]:
    return {expert.id: expert for expert in registry.experts}


def _section(
    old: Mapping[str, Entry], new: Mapping[str, Entry], *, has_order: bool = True
) -> SectionDiff:
    common = [name for name in old if name in new]
    changes = (
        _entry_change(name, old[name], new[name]) for name in common if old[name] != new[name]
    )
    return SectionDiff(
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        changed=tuple(changes),
        is_reordered=has_order and common != [name for name in new if name in old],
    )


def _entry_change(name: str, old: Entry, new: Entry) -> EntryChange:
    return EntryChange(name=name, keys=_key_changes(old, new), is_redefined=_is_redefined(old, new))


def _is_redefined(old: Entry, new: Entry) -> bool:
    if isinstance(old, Expert) and isinstance(new, Expert):
        return old.version != new.version
    return False


def _key_changes(old: Entry, new: Entry) -> tuple[KeyChange, ...]:
    before, after = _flat(old), _flat(new)
    return tuple(
        KeyChange(key=key, old=before.get(key), new=after.get(key))
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
    )


def _flat(entry: Entry) -> dict[str, JsonValue]:
    """Every value under its dotted key; lists are values, what is null is left out."""
    return {dotted(path): value for path, value in _leaves(entry.model_dump(mode="json"), ())}


def _leaves(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, JsonValue]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif value is not None:
        yield path, value
