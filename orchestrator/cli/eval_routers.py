"""The routers that `orchestrator eval` measures: fitted folders, or those of a registry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import SetupError
from orchestrator.registry.loader import load
from orchestrator.registry.models import Registry
from orchestrator.registry.routers import RouterSpec
from orchestrator.routing.building import Routers
from routers.artifacts import read_artifact
from routers.base import Router, RouterError
from routers.keywords import learn_keywords
from routers.questions import load_questions
from routers.sealed import MANIFEST

#: Category -> experts that are right on it.
Served = Mapping[str, Sequence[str]]


def routers_of_folders(folders: Sequence[Path], *, fallback: str) -> dict[str, Router]:
    """Fitted routers by the names of their folders; a category router once a head.

    Raises:
        RouterError: a folder holds no fitted router.
        SetupError: it holds one that needs a registry around it.
    """
    specs: dict[str, RouterSpec] = {}
    for folder in folders:
        for head, entry in _entries(folder, fallback=fallback):
            alone = head or folder.name
            name = alone if len(folders) == 1 else f"{folder.name} {head}".strip()
            specs[name] = _spec(folder, entry)
    return Routers().load(specs)


def routers_of_registry(
    registry: Registry, path: Path, *, names: Sequence[str]
) -> dict[str, Router]:
    """Routers of a registry by id; all of them where none is named.

    Raises:
        SetupError: it has no such router, or none at all.
    """
    if unknown := sorted(set(names) - set(registry.routers)):
        raise SetupError(f"router {unknown[0]!r} is not in {path}; it has {list(registry.routers)}")
    if not registry.routers:
        raise SetupError(f"{path} has no routers")
    built = Routers().load(registry.routers)
    return {name: built[name] for name in names or registry.routers}


def read_registry(path: Path) -> Registry:
    """The registry of a file, as it would be served."""
    return load(path)


def keyword_router(path: Path, served: Served, *, fallback: str) -> Router:
    """The router people write first, for the experts of these categories.

    Raises:
        RouterError: the questions are no good.
    """
    questions = [
        replace(one, skill=next(iter(served.get(one.skill, ())), one.skill))
        for one in load_questions([path])
    ]
    return learn_keywords(questions, fallback=fallback)


def served_by_folders(folders: Sequence[Path]) -> dict[str, tuple[str, ...]]:
    """Category -> the expert that category routers send it to; other kinds say nothing."""
    maps = [
        read_artifact(folder).manifest.expert_by_category
        for folder in folders
        if _kind(folder) == "category"
    ]
    return {category: (expert,) for one in maps for category, expert in one.items()}


def served_by_registry(registry: Registry) -> dict[str, tuple[str, ...]]:
    """Skill -> experts that say they have it; every expert has the skill of its own name."""
    found: dict[str, tuple[str, ...]] = {}
    for one in registry.experts:
        for skill in sorted({one.id, *one.skills}):
            found[skill] = (*found.get(skill, ()), one.id)
    return found


def _entries(folder: Path, *, fallback: str) -> list[tuple[str, dict[str, Any]]]:
    kind = _kind(folder)
    entry = {"kind": kind, "artifact": str(folder), "fallback": fallback}
    if kind != "category":
        return [("", entry)]
    heads = read_artifact(folder).manifest.heads
    return [(head, {**entry, "embedder": head}) for head in heads]


def _spec(folder: Path, entry: Mapping[str, Any]) -> RouterSpec:
    try:
        spec: RouterSpec = TypeAdapter(RouterSpec).validate_python(entry)
    except ValidationError as exc:
        raise SetupError(
            f"the router in {str(folder)!r} is of kind {entry['kind']!r} and cannot be tried "
            "alone; name it in a registry and give --registry"
        ) from exc
    return spec


def _kind(folder: Path) -> str:
    try:
        return str(json.loads((folder / MANIFEST).read_bytes())["kind"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise RouterError(
            f"{str(folder)!r} holds no fitted router ({exc}); write one with `orchestrator fit`"
        ) from exc
