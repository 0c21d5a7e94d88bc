"""Which routers were fitted on the very questions that `orchestrator eval` tries them on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from orchestrator.registry.fitted import read_manifest
from orchestrator.registry.models import Registry
from orchestrator.registry.routers import RouterSpec


def folders_of(registry: Registry, names: Sequence[str]) -> list[Path]:
    """Folders of these routers and of those they are made of.

    Args:
        registry: that has them.
        names: of the routers; all of them where none is named.
    """
    entries: Mapping[str, RouterSpec] = registry.routers
    pending, met = list(names or entries), set[str]()
    found: list[Path] = []
    while pending:
        name = pending.pop()
        if name in met or name not in entries:
            continue
        met.add(name)
        found += [Path(folder) for _, folder in entries[name].folders()]
        pending += [other for _, other in entries[name].named_routers()]
    return found


def seen(folders: Iterable[Path], hashes: Collection[str]) -> Iterator[str]:
    """A line for each router that was fitted on data of one of these hashes.

    Args:
        folders: of fitted routers.
        hashes: of the questions and outcomes that routers are tried on, and of what holds them.
    """
    for folder in sorted(set(folders)):
        manifest = read_manifest(folder) or {}
        budget = manifest.get("budget") or {}
        if not {manifest.get("data_sha256"), budget.get("data_sha256")}.isdisjoint(hashes):
            yield (
                f"the router in {str(folder)!r} was fitted on these questions and outcomes, so its "
                "figures are too good: try it on others, such as another --split"
            )
