"""Compositions that have skills named which no router of theirs reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.registry.composition_moa import SymbolicMoeComposition
from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, shown
from orchestrator.registry.routers import RouterSpec


def findings(draft: Draft) -> Iterator[Finding]:
    """A warning for each namer that nobody would ever ask."""
    for name, composition in draft.compositions.items():
        if not isinstance(composition, SymbolicMoeComposition) or composition.namer is None:
            continue
        below = _below(composition.router, draft.routers)
        if below and all(router.kind != "skill" for router in below.values()):
            yield Finding(
                path=("compositions", name, "namer"),
                value=shown(composition.namer),
                reason=f"is never asked: router {composition.router!r} is of kind "
                f"{below[composition.router].kind!r} and no router that it asks goes by skills; "
                "use one of kind 'skill', or leave the namer out",
                is_warning=True,
            )


def _below(router_id: str, routers: Mapping[str, RouterSpec]) -> dict[str, RouterSpec]:
    """A router and all that it asks; nothing where a name of them is not there."""
    found, left = dict[str, RouterSpec](), [router_id]
    while left:
        name = left.pop()
        if name not in routers:
            return {}  # the references' to tell
        if name not in found:
            found[name] = routers[name]
            left += [inner for _, inner in routers[name].named_routers()]
    return found
