"""Names of a registry: each given once, each reference to something that is there, no cycles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from orchestrator.registry.compositions import CompositionSpec
from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, KeyPath, nearest, shown

Kind = Literal["expert", "router", "composition", "model"]
#: A named entry: its kind and id.
Node = tuple[Kind, str]

#: Levels of routers made of routers that are refused, and of compositions made of compositions.
MAX_ROUTER_DEPTH = 8
MAX_COMPOSITION_DEPTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One entry names another at a key."""

    path: KeyPath
    source: Node
    target: Node


def findings(draft: Draft) -> Iterator[Finding]:
    """Everything wrong with the names of a registry."""
    yield from duplicate_names(draft)
    references = tuple(references_of(draft))
    yield from missing_targets(references, known_names(draft))
    circles = list(cycles(references))
    yield from circles
    if not circles:
        yield from too_deep(references)


def references_of(draft: Draft) -> Iterator[Reference]:
    """Every reference of the file; a kind that gains one is listed here."""
    for at, expert in draft.experts.items():
        if expert.base is not None:
            yield Reference(
                path=("experts", at, "base"),
                source=("expert", expert.id),
                target=("expert", expert.base),
            )
    for name, router in draft.routers.items():
        source: Node = ("router", name)
        for path, id_ in router.named_experts():
            yield Reference(path=("routers", name, *path), source=source, target=("expert", id_))
        for path, id_ in router.named_routers():
            yield Reference(path=("routers", name, *path), source=source, target=("router", id_))
    experts = frozenset(draft.expert_ids.values())
    for name, composition in draft.compositions.items():
        source = ("composition", name)
        for path, id_ in composition.asked_models():
            target = (_kind_of_model(id_, draft, experts), id_)
            yield Reference(path=("compositions", name, *path), source=source, target=target)
        yield from _of_composition(name, composition)


def _kind_of_model(name: str, draft: Draft, experts: frozenset[str]) -> Kind:
    """`model` where there is neither an expert nor a composition of this name."""
    if name in experts:
        return "expert"
    return "composition" if name in draft.composition_ids else "model"


def _of_composition(name: str, composition: CompositionSpec) -> Iterator[Reference]:
    at: KeyPath = ("compositions", name)
    source: Node = ("composition", name)
    for path, id_ in composition.named_experts():
        yield Reference(path=(*at, *path), source=source, target=("expert", id_))
    for path, id_ in composition.named_routers():
        yield Reference(path=(*at, *path), source=source, target=("router", id_))


def known_names(draft: Draft) -> dict[Kind, tuple[str, ...]]:
    """What references may name, by kind."""
    experts = tuple(draft.expert_ids.values())
    return {
        "expert": experts,
        "router": draft.router_ids,
        "composition": draft.composition_ids,
        "model": (*experts, *draft.composition_ids),
    }


def duplicate_names(draft: Draft) -> Iterator[Finding]:
    """Ids and slot names given twice; experts and compositions share the names of models."""
    models: list[tuple[KeyPath, str]] = [
        (("experts", at, "id"), name) for at, name in draft.expert_ids.items()
    ]
    models += [(("compositions", name), name) for name in draft.composition_ids]
    yield from _given_twice(models, of="a model")
    slots = [(("slots", at, "name"), name) for at, name in draft.slot_names.items()]
    yield from _given_twice(slots, of="a slot")


def _given_twice(places: Iterable[tuple[KeyPath, str]], *, of: str) -> Iterator[Finding]:
    first: dict[str, KeyPath] = {}
    for path, name in places:
        if name in first:
            yield Finding(
                path=path,
                value=shown(name),
                reason=f"is already the name of {of} at {_entry(first[name])}; names are unique",
                is_about_key=path[0] == "compositions",
            )
        first.setdefault(name, path)


def _entry(path: KeyPath) -> str:
    return f"{path[0]}[{path[1]}]" if isinstance(path[1], int) else f"{path[0]}.{path[1]}"


def missing_targets(
    references: Iterable[Reference], known: Mapping[Kind, tuple[str, ...]]
) -> Iterator[Finding]:
    """References to what is not in the registry."""
    names = {kind: frozenset(ids) for kind, ids in known.items()}
    for reference in references:
        kind, name = reference.target
        if name not in names[kind]:
            yield Finding(
                path=reference.path,
                value=shown(name),
                reason=f"is not {_article(kind)} of this registry",
                allowed=tuple(sorted(set(known[kind]))),
                nearest=nearest(name, known[kind]),
            )


def _article(kind: Kind) -> str:
    return f"an {kind}" if kind == "expert" else f"a {kind}"


def cycles(references: Iterable[Reference]) -> Iterator[Finding]:
    """Entries that reach themselves: one finding a cycle, at the reference that closes it."""
    targets: dict[Node, list[Reference]] = defaultdict(list)
    for reference in references:
        targets[reference.source].append(reference)
    done: set[Node] = set()
    for start in list(targets):
        if start not in done:
            yield from _cycles_from(start, targets, done)


def too_deep(references: Iterable[Reference]) -> Iterator[Finding]:
    """Entries that are made of too many levels of their like: the lowest of each chain is told.

    Each level of routers costs time in every decision, each of compositions multiplies calls; what
    comes of so many, nobody could follow either.
    """
    found = tuple(references)
    yield from _deeper(found, "router", refused=MAX_ROUTER_DEPTH)
    yield from _deeper(found, "composition", refused=MAX_COMPOSITION_DEPTH)


def _deeper(references: Iterable[Reference], kind: Kind, *, refused: int) -> Iterator[Finding]:
    made_of: dict[str, set[str]] = defaultdict(set)
    for reference in references:
        if reference.source[0] == reference.target[0] == kind:
            made_of[reference.source[1]].add(reference.target[1])
    reaching = {name for inner in made_of.values() for name in inner} | made_of.keys()
    for _ in range(refused):
        reaching = {name for name, inner in made_of.items() if inner & reaching}
    deeper = {name for name, inner in made_of.items() if inner & reaching}
    for name in sorted(reaching - deeper):
        yield Finding(
            path=(f"{kind}s", name),
            reason=f"is made of {kind}s {refused} levels deep; at most {refused - 1} are followed",
        )


def _cycles_from(
    start: Node, targets: Mapping[Node, list[Reference]], done: set[Node]
) -> Iterator[Finding]:
    # Depth first with an explicit stack: a long chain must not exhaust Python's.
    trail = {start: None}  # in order, and quick to search
    pending = [list(targets.get(start, ()))]
    while trail:
        if not pending[-1]:
            done.add(trail.popitem()[0])
            pending.pop()
            continue
        reference = pending[-1].pop()
        if reference.target in trail:
            yield _cycle(reference, list(trail))
        elif reference.target not in done:
            trail[reference.target] = None
            pending.append(list(targets.get(reference.target, ())))


def _cycle(reference: Reference, trail: list[Node]) -> Finding:
    nodes = [*trail[trail.index(reference.target) :], reference.target]
    names = " -> ".join(f"{kind} {name!r}" for kind, name in nodes)
    return Finding(
        path=reference.path,
        value=shown(reference.target[1]),
        reason=f"closes a cycle: {names}",
    )
