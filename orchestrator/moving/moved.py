"""What became of a configuration: a registry, and every setting that is not in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from orchestrator.moving.naming import MAX_WHOLE
from orchestrator.registry.faults import dotted, shown
from orchestrator.registry.models import Expert, Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A setting that was not carried over."""

    #: Where it stands, as people write it: `router_settings.routing_strategy`.
    setting: str
    #: Why, and what to do instead.
    why: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A registry and what is not in it, in the order of the configuration."""

    registry: Registry
    left: tuple[LeftOut, ...]


@dataclass(slots=True)
class Notes:
    """Settings that are left out, each told once, as they are met."""

    told: dict[str, str] = field(default_factory=dict)

    def leave(self, setting: str, why: str) -> None:
        """Note one setting."""
        self.told.setdefault(setting, why)

    def left(self) -> tuple[LeftOut, ...]:
        """All of them."""
        return tuple(LeftOut(setting=name, why=why) for name, why in self.told.items())

    def leave_rest(
        self, found: Mapping[str, Any], *, at: str, known: frozenset[str], why: Mapping[str, str]
    ) -> None:
        """Note every key that nobody carries over.

        Args:
            found: a mapping of the configuration.
            at: where it stands.
            known: keys that are carried over, or that were noted.
            why: reasons by key; others have no counterpart.
        """
        for key in found:
            if key not in known:
                self.leave(f"{at}.{key}" if at else str(key), why.get(key, NO_COUNTERPART))


NO_COUNTERPART = "a registry has nothing like it"


def expert_of(
    fields: Mapping[str, Any], *, settings: Mapping[str, str], notes: Notes
) -> Expert | None:
    """The expert that `fields` make, without values that no registry takes.

    Args:
        fields: by key of the registry.
        settings: key of the registry, dotted, -> where its value stands in the configuration.
        notes: told what was left out.

    Returns:
        `None` where what is left makes no expert.
    """
    kept = dict(fields)
    for place in list(_refused(kept)):
        notes.leave(settings.get(place, place), f"{shown(_at(kept, place))} is no value for it")
        _drop(kept, place)
    return None if list(_refused(kept)) else Expert.model_validate(kept)


def _refused(fields: Mapping[str, Any]) -> Iterator[str]:
    """Keys with values that are refused, dotted, without the kind of an engine."""
    yield from _too_large(fields)
    try:
        Expert.model_validate(fields)
    except ValidationError as exc:
        kind = fields.get("engine", {}).get("kind")
        for error in exc.errors(include_url=False):
            loc = [step for step in error["loc"] if step != kind]
            # Of a list the whole: an item alone is of no use.
            steps = [step for at, step in enumerate(loc) if not any(map(_is_place, loc[: at + 1]))]
            yield dotted(tuple(steps))


def _too_large(fields: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for key, value in fields.items():
        if isinstance(value, Mapping):
            yield from _too_large(value, f"{above}{key}.")
        elif isinstance(value, int) and abs(value) >= MAX_WHOLE:
            yield f"{above}{key}"


def _is_place(step: int | str) -> bool:
    return isinstance(step, int)


def _at(fields: Mapping[str, Any], place: str) -> Any:
    found: Any = fields
    for step in place.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _drop(fields: dict[str, Any], place: str) -> None:
    *parents, last = place.split(".")
    for step in parents:
        fields = fields.get(step, {})
    fields.pop(last, None)
