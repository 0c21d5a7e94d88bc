"""Which slot hosts which experts: the Conductor's decision as a pure function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict

from orchestrator.errors import SetupError


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Experts that share one engine, and what that engine needs."""

    id: str
    #: Their keys; one may be in two lineages, while one takes the place of the other.
    experts: tuple[str, ...]
    memory_gib: float
    #: Accelerators one engine spans (`tensor_parallel`).
    accelerators: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotSpace:
    """What one slot has room for."""

    name: str
    memory_gib: float
    #: GPUs; 0 runs on the CPU, which counts as one.
    accelerators: int = 0


class DispatchTable(BaseModel):
    """Where each definition of an expert is hosted: what gateways dispatch by.

    It belongs to no generation: an expert that an edit leaves as it is keeps its key, and so its
    slots, through any number of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    #: `Expert.key` -> names of the slots that host it, at least one.
    slots_by_expert: dict[str, tuple[str, ...]]

    def slots(self, expert: str) -> tuple[str, ...]:
        """Names of the slots that host the expert of this key, none if it is not in the table."""
        return self.slots_by_expert.get(expert, ())

    def experts_on(self, slot: str) -> tuple[str, ...]:
        """Keys of the experts that `slot` hosts, in the order of the table."""
        return tuple(e for e, names in self.slots_by_expert.items() if slot in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where every lineage should be, and so its experts."""

    slots_by_lineage: Mapping[str, tuple[str, ...]]
    table: DispatchTable


def place(
    lineages: Sequence[Lineage],
    slots: Sequence[SlotSpace],
    *,
    previous: Mapping[str, Sequence[str]] | None = None,
) -> Placement:
    """Give every lineage a slot, then replicas where memory is left.

    What is placed stays where it is, since a move costs the start of an engine: only a lineage
    that has another slot gives one up, to a new one that fits nowhere else. New ones, the largest
    first, spread to the emptiest slot, and where that leaves one without room they are packed
    into the fullest that takes them. What is left is filled in rounds: each gives every lineage
    one more replica if some slot has room for it, so the numbers of replicas differ only where
    memory forces it. The same input gives the same table.

    Args:
        lineages: all that must have a slot.
        slots: all that there are.
        previous: lineage id -> slots that host it now; those not in `lineages` free their room.

    Raises:
        SetupError: a lineage fits no slot, or they do not fit together; or ids are not unique.
    """
    _check_ids(lineages, slots)
    ordered = sorted(lineages, key=lambda lineage: (-lineage.memory_gib, lineage.id))
    for lineage in ordered:
        _check_fits_alone(lineage, slots)
    held = previous or {}
    try:
        rooms = _settle(ordered, _stay(ordered, slots, held), _emptiest)
    except SetupError:
        rooms = _settle(ordered, _stay(ordered, slots, held), _fullest)
    while _replicate(ordered, rooms):
        pass
    names_by_lineage = {
        lineage.id: tuple(room.slot.name for room in rooms if lineage in room.lineages)
        for lineage in lineages
    }
    return Placement(slots_by_lineage=names_by_lineage, table=_table(lineages, names_by_lineage))


def _table(
    lineages: Sequence[Lineage], slots_by_lineage: Mapping[str, tuple[str, ...]]
) -> DispatchTable:
    slots_by_expert: dict[str, tuple[str, ...]] = {}
    for lineage in lineages:
        for expert in lineage.experts:
            also = slots_by_expert.get(expert, ())
            more = (name for name in slots_by_lineage[lineage.id] if name not in also)
            slots_by_expert[expert] = (*also, *more)
    return DispatchTable(slots_by_expert=slots_by_expert)


@dataclass(slots=True, kw_only=True)
class _Room:
    slot: SlotSpace
    free_gib: float
    lineages: list[Lineage] = field(default_factory=list)

    def takes(self, lineage: Lineage) -> bool:
        return (
            lineage not in self.lineages
            and lineage.memory_gib <= self.free_gib
            and _spans(lineage, self.slot)
        )

    def take(self, lineage: Lineage) -> None:
        self.lineages.append(lineage)
        self.free_gib -= lineage.memory_gib

    def drop(self, lineage: Lineage) -> None:
        self.lineages.remove(lineage)
        self.free_gib += lineage.memory_gib


def _spans(lineage: Lineage, slot: SlotSpace) -> bool:
    return lineage.accelerators <= max(slot.accelerators, 1)


def _emptiest(rooms: Sequence[_Room]) -> _Room:
    return min(rooms, key=lambda room: (len(room.lineages), -room.free_gib))


def _fullest(rooms: Sequence[_Room]) -> _Room:
    return min(rooms, key=lambda room: room.free_gib)


def _rooms(slots: Sequence[SlotSpace]) -> list[_Room]:
    return [_Room(slot=slot, free_gib=slot.memory_gib) for slot in slots]


def _place_one(
    lineage: Lineage, rooms: Sequence[_Room], choose: Callable[[Sequence[_Room]], _Room]
) -> bool:
    """Put one engine of `lineage` where `choose` says; False when no slot takes it."""
    fitting = [room for room in rooms if room.takes(lineage)]
    if not fitting:
        return False
    choose(fitting).take(lineage)
    return True


def _replicate(lineages: Sequence[Lineage], rooms: Sequence[_Room]) -> bool:
    """One more replica of each lineage that still fits somewhere; False when none does."""
    placed = [_place_one(lineage, rooms, _emptiest) for lineage in lineages]
    return any(placed)


def _stay(
    lineages: Sequence[Lineage], slots: Sequence[SlotSpace], held: Mapping[str, Sequence[str]]
) -> list[_Room]:
    """Every room with what it holds already; a slot that has shrunk keeps the largest."""
    rooms = _rooms(slots)
    for lineage in lineages:
        for room in rooms:
            if room.slot.name in held.get(lineage.id, ()) and room.takes(lineage):
                room.take(lineage)
    return rooms


def _settle(
    lineages: Sequence[Lineage], rooms: list[_Room], choose: Callable[[Sequence[_Room]], _Room]
) -> list[_Room]:
    """Find room for every lineage that has none.

    Raises:
        SetupError: one is left out.
    """
    for lineage in lineages:
        is_placed = any(lineage in room.lineages for room in rooms)
        if not is_placed and not _place_one(lineage, rooms, choose):
            _make_room(lineage, rooms)
    return rooms


def _make_room(lineage: Lineage, rooms: Sequence[_Room]) -> None:
    """Put `lineage` where the fewest replicas of others have to go for it."""
    options = [
        (len(surplus), index, surplus)
        for index, room in enumerate(rooms)
        if (surplus := _surplus_for(lineage, room, rooms)) is not None
    ]
    if not options:
        raise _no_room(lineage, rooms)
    _, index, surplus = min(options, key=lambda option: option[:2])
    for other in surplus:
        rooms[index].drop(other)
    rooms[index].take(lineage)


def _surplus_for(lineage: Lineage, room: _Room, rooms: Sequence[_Room]) -> list[Lineage] | None:
    """Replicas to drop from `room`, the largest first, so that `lineage` fits; None: it cannot."""
    if not _spans(lineage, room.slot):
        return None
    dropped: list[Lineage] = []
    lacking_gib = lineage.memory_gib - room.free_gib
    for other in sorted(room.lineages, key=lambda one: (-one.memory_gib, one.id)):
        if lacking_gib > 0 and sum(other in one.lineages for one in rooms) > 1:
            dropped.append(other)
            lacking_gib -= other.memory_gib
    return dropped if lacking_gib <= 0 else None


def _no_room(lineage: Lineage, rooms: Sequence[_Room]) -> SetupError:
    free = ", ".join(f"{room.slot.name!r} {room.free_gib:g} GiB" for room in rooms)
    return SetupError(
        f"no slot has room left for {_named(lineage)}, which needs {lineage.memory_gib:g} GiB "
        f"beside the others; free: {free}. Raise the slots' memory_gib or count, or lower the "
        "engines' kv_cache_gib"
    )


def _check_ids(lineages: Sequence[Lineage], slots: Sequence[SlotSpace]) -> None:
    _check_unique("lineage", [lineage.id for lineage in lineages])
    _check_unique("slot", [slot.name for slot in slots])


def _check_unique(what: str, ids: Sequence[str]) -> None:
    twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
    if twice:
        raise SetupError(f"{what} {twice[0]!r} is listed twice; each {what} needs one place")


def _check_fits_alone(lineage: Lineage, slots: Sequence[SlotSpace]) -> None:
    if not slots:
        raise SetupError(f"{_named(lineage)} needs a slot and the registry has none under `slots`")
    spanning = [slot for slot in slots if _spans(lineage, slot)]
    if not spanning:
        most = max(slots, key=lambda slot: slot.accelerators)
        raise SetupError(
            f"{_named(lineage)} spans {lineage.accelerators} accelerators and the most any slot "
            f"has is {most.accelerators} ({most.name!r}); raise its accelerators or lower "
            "tensor_parallel"
        )
    largest = max(spanning, key=lambda slot: slot.memory_gib)
    if lineage.memory_gib > largest.memory_gib:
        raise SetupError(
            f"{_named(lineage)} needs {lineage.memory_gib:g} GiB and the largest slot for it, "
            f"{largest.name!r}, has {largest.memory_gib:g} GiB; raise its memory_gib or lower "
            "the engine's kv_cache_gib"
        )


def _named(lineage: Lineage) -> str:
    shown = ", ".join(repr(expert) for expert in lineage.experts[:3])
    more = len(lineage.experts) - 3
    return f"lineage {lineage.id!r} (experts {shown}{f' and {more} more' if more > 0 else ''})"
