"""Fallbacks and other names of LiteLLM's model groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.moving.groups import Group
from orchestrator.moving.moved import Notes
from orchestrator.moving.naming import id_of
from orchestrator.registry.faults import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What groups are called."""

    #: By what they are called in the configuration, as far as it is an id.
    groups: Mapping[str, Group]

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Names:
        """The names of these."""
        return cls(groups={group.id: group for group in groups})

    def group(self, name: object) -> Group | None:
        """The group of a name of the configuration that answers with text."""
        found = self.groups.get(id_of(name)) if isinstance(name, str) else None
        return None if found is None or found.experts[0].embeds else found


def fallbacks_of(
    router: Mapping[str, Any], library: Mapping[str, Any], *, names: Names, notes: Notes
) -> dict[str, tuple[str, ...]]:
    """Group -> groups that answer where it cannot, in order."""
    found: dict[str, tuple[str, ...]] = {}
    for at, section in (("litellm_settings", library), ("router_settings", router)):
        for name, others in _pairs(section.get("fallbacks"), f"{at}.fallbacks", notes):
            group = names.group(name)
            if group is None:
                notes.leave(f"{at}.fallbacks.{name}", _unknown(name))
            else:
                found[group.id] = _known(others, f"{at}.fallbacks", names, notes)
    for at, section in (("litellm_settings", library), ("router_settings", router)):
        if isinstance(every := section.get("default_fallbacks"), list):
            kept = _known(every, f"{at}.default_fallbacks", names, notes)
            for id_, group in names.groups.items():
                if not group.experts[0].embeds:
                    found.setdefault(id_, tuple(one for one in kept if one != id_))
    return {id_: others for id_, others in found.items() if others}


def aliases_of(router: Mapping[str, Any], *, names: Names, notes: Notes) -> dict[str, str]:
    """Other name -> group."""
    at = "router_settings.model_group_alias"
    given = router.get("model_group_alias")
    found: dict[str, str] = {}
    for alias, target in given.items() if isinstance(given, Mapping) else ():
        place = f"{at}.{alias}"
        name = target.get("model") if isinstance(target, Mapping) else target
        if isinstance(target, Mapping) and target.get("hidden"):
            notes.leave(f"{place}.hidden", "every name is listed")
        group = names.group(name)
        if group is None:
            notes.leave(place, _unknown(name))
            continue
        id_ = id_of(str(alias), taken=(*names.groups, *found))
        if id_ != alias:
            notes.leave(place, f"{shown(alias)} is no id, or is taken: it is {id_!r}")
        found[id_] = group.id
    return found


def _pairs(given: Any, at: str, notes: Notes) -> Iterator[tuple[str, list[Any]]]:
    for entry in given if isinstance(given, list) else ():
        for name, others in entry.items() if isinstance(entry, Mapping) else ():
            if isinstance(others, list):
                yield name, others
            else:
                notes.leave(at, f"of {shown(name)}: {shown(others)} is no list")


def _known(others: list[Any], at: str, names: Names, notes: Notes) -> tuple[str, ...]:
    kept = []
    for one in others:
        group = names.group(one)
        if group is None:
            notes.leave(f"{at}.{one}", _unknown(one))
        else:
            kept.append(group.id)
    return tuple(dict.fromkeys(kept))


def _unknown(name: object) -> str:
    return f"{shown(name)} is no name of `model_list` that answers with text here"
