"""Which model describes a mapping of the file: for the names allowed at a faulty key."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from orchestrator.registry.faults import KeyPath
from orchestrator.registry.fields import Entry
from orchestrator.registry.models import Registry


def entry_at(path: KeyPath, value: Any) -> type[Entry] | None:
    """The model of the mapping at `path` of the file `value`, `None` where it is not known.

    A union is resolved by the mapping's `kind`.
    """
    annotation, found = _annotated(path, value)
    model = _member(annotation, found)
    return model if _is_entry(model) else None


def kinds_at(path: KeyPath, value: Any) -> tuple[str, ...]:
    """The kinds a mapping at `path` may have, in the order of the models."""
    annotation, _ = _annotated(path, value)
    return tuple(kind for model in _members(annotation) for kind in _kinds(model))


def _annotated(path: KeyPath, value: Any) -> tuple[Any, Any]:
    """What the models say may stand at `path`, and what does."""
    annotation: Any = Registry
    for step in path:
        annotation = _child_annotation(_member(annotation, value), step)
        value = child(value, step)
    return annotation, value


def child(value: Any, step: int | str) -> Any:
    """What stands under `step` in a mapping or list, `None` where nothing does."""
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _child_annotation(annotation: Any, step: int | str) -> Any:
    if _is_entry(annotation):
        field = annotation.model_fields.get(step)
        return field.annotation if field else None
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0]
    return get_args(annotation)[1] if get_origin(annotation) is dict else None


def _member(annotation: Any, value: Any) -> Any:
    """The member of a union that the value's `kind` names; the annotation itself otherwise."""
    members = _members(annotation)
    if len(members) < 2:
        return members[0] if members else annotation
    kind = child(value, "kind")
    return next((member for member in members if kind in _kinds(member)), None)


def _members(annotation: Any) -> list[type[Entry]]:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    is_union = get_origin(annotation) in {Union, types.UnionType}
    return [
        member
        for member in (get_args(annotation) if is_union else (annotation,))
        if _is_entry(member)
    ]


def _kinds(model: type[Entry]) -> tuple[str, ...]:
    field = model.model_fields.get("kind")
    return get_args(field.annotation) if field else ()


def _is_entry(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Entry)
