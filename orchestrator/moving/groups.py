"""Names that several experts answer under, as routers and compositions.

A registry has one expert a name. A name with several deployments, with fallbacks or with another
name for it becomes a composition that goes through experts in a fixed order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.moving.naming import id_of
from orchestrator.registry.compositions import CompositionSpec, RouteComposition
from orchestrator.registry.models import Expert
from orchestrator.registry.routers import RouterSpec, SplitRouter, TaskRouter

#: Fallbacks that a composition can have.
MAX_FALLBACKS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A name and who answers under it."""

    id: str
    #: The experts, and what share of the callers each has.
    experts: tuple[Expert, ...]
    shares: tuple[float, ...] = ()
    #: Other groups that answer where these cannot, in order.
    fallbacks: tuple[str, ...] = ()

    @property
    def is_expert(self) -> bool:
        """Whether the name is that of its one expert."""
        return len(self.experts) == 1 and self.experts[0].id == self.id


def told_apart(groups: Sequence[Group], aliases: Iterable[str] = ()) -> tuple[Group, ...]:
    """The groups with an id for each of their experts.

    A group that is one expert and has no fallbacks gives it its name.
    """
    taken = {*(group.id for group in groups), *aliases}
    found = []
    for group in groups:
        experts = []
        for number, expert in enumerate(group.experts, start=1):
            id_ = group.id
            if len(group.experts) > 1 or group.fallbacks:
                id_ = id_of(f"{group.id}-{number}", taken=taken)
            taken.add(id_)
            experts.append(expert.model_copy(update={"id": id_}))
        found.append(replace(group, experts=tuple(experts)))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What leads to experts under other names."""

    routers: Mapping[str, RouterSpec]
    compositions: Mapping[str, CompositionSpec]


def ways(groups: Sequence[Group], aliases: Mapping[str, str]) -> Ways:
    """Routers and compositions of groups, and of other names for them.

    Args:
        groups: of any kind; those that are an expert by themselves need none.
        aliases: other name -> group.
    """
    by_id = {group.id: group for group in groups}
    routers: dict[str, RouterSpec] = {}
    compositions: dict[str, CompositionSpec] = {}
    for group in groups:
        if not group.is_expert:
            routers |= _routers(group, by_id)
            compositions[group.id] = _route(group, by_id)
    for alias, target in aliases.items():
        group = by_id[target]
        if group.is_expert:
            routers.setdefault(target, TaskRouter(kind="task", experts={target: 1.0}))
        compositions[alias] = _route(group, by_id)
    return Ways(routers=routers, compositions=compositions)


def _route(group: Group, by_id: Mapping[str, Group]) -> RouteComposition:
    others = len(_in_order(group, by_id)) - 1
    return RouteComposition(kind="route", router=group.id, fallbacks=min(others, MAX_FALLBACKS))


def _routers(group: Group, by_id: Mapping[str, Group]) -> dict[str, RouterSpec]:
    order = _in_order(group, by_id)
    if len(group.experts) == 1:
        return {group.id: _task(order)}
    found: dict[str, RouterSpec] = {}
    own = len(group.experts)
    shares: dict[str, float] = {}
    for at, share in enumerate(group.shares or (1.0,) * own):
        name = id_of(f"{group.id}.{at + 1}", taken=(*by_id, *found))
        # Each begins with another of the group's own.
        found[name] = _task([*order[at:own], *order[:at], *order[own:]])
        shares[name] = share
    return {**found, group.id: SplitRouter(kind="split", shares=shares)}


def _task(order: Sequence[str]) -> TaskRouter:
    step = 1 / len(order)
    return TaskRouter(
        kind="task", experts={id_: round(1 - at * step, 3) for at, id_ in enumerate(order)}
    )


def _in_order(group: Group, by_id: Mapping[str, Group]) -> list[str]:
    """The experts of a group, then those of its fallbacks."""
    named = [group, *(by_id[id_] for id_ in group.fallbacks)]
    return list(dict.fromkeys(one.id for part in named for one in part.experts))
