"""A registry as the text of a file that people go on with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from orchestrator.registry.expert_text import entry_text, inline_text
from orchestrator.registry.models import Registry

#: Longest line of an entry.
_MAX_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments:
    """What is said beside the values, without `# `."""

    head: tuple[str, ...] = ()
    #: Above an expert, by its id.
    experts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Above a section, by its key.
    sections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def registry_text(registry: Registry, comments: Comments) -> str:
    """The file: comments, then what differs from the defaults."""
    return "\n".join(_lines(registry, comments)) + "\n"


def _lines(registry: Registry, comments: Comments) -> Iterator[str]:
    yield from _said(comments.head)
    yield f"version: {registry.version}"
    yield ""
    yield from _said(comments.sections.get("experts", ("The models that answer.",)))
    yield "experts:"
    for expert in registry.experts:
        yield from _said(comments.experts.get(expert.id, ()), indent="  ")
        yield entry_text(expert).rstrip("\n")
    for key in ("routers", "compositions"):
        yield from _named(key, getattr(registry, key), comments)
    if registry.slots:
        yield from _begin("slots", comments)
        yield from (f"  - {inline_text(_plain(slot))}" for slot in registry.slots)
    if defaults := _plain(registry.defaults):
        yield from _begin("defaults", comments)
        yield from (f"  {name}: {json.dumps(value)}" for name, value in defaults.items())


def _named(key: str, entries: Mapping[str, BaseModel], comments: Comments) -> Iterator[str]:
    if entries:
        yield from _begin(key, comments)
    for name, entry in entries.items():
        kind = {"kind": getattr(entry, "kind")}  # noqa: B009 - each of the union has it
        yield from _entry(inline_text(name), {**kind, **_plain(entry)})


def _entry(name: str, value: Mapping[str, Any]) -> Iterator[str]:
    """On one line, else one a key, and one an item of its lists."""
    if len(line := f"  {name}: {inline_text(dict(value))}") <= _MAX_CHARS:
        yield line
        return
    yield f"  {name}:"
    for key, inner in value.items():
        if isinstance(inner, list):
            yield f"    {key}:"
            yield from (f"      - {inline_text(one)}" for one in inner)
        else:
            yield f"    {key}: {inline_text(inner)}"


def _begin(key: str, comments: Comments) -> Iterator[str]:
    yield ""
    yield from _said(comments.sections.get(key, ()))
    yield f"{key}:"


def _plain(entry: BaseModel) -> dict[str, Any]:
    return entry.model_dump(mode="json", exclude_defaults=True)


def _said(lines: tuple[str, ...], *, indent: str = "") -> Iterator[str]:
    yield from (f"{indent}# {line}".rstrip() for line in lines)
