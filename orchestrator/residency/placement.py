"""Which slot hosts which experts: the Conductor's decision as a pure function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict

from orchestrator.residency.choice import SlotOutlook
from orchestrator.residency.spaces import (
    Lineage,
    SlotSpace,
    fits_alone,
    require_fit,
    require_unique,
    spans,
)

#: Of sums of GiB; less than this is no overdraft.
_ROUNDING_GIB = 1e-6


class DispatchTable(BaseModel):
    """Where each definition of an expert is hosted: what gateways dispatch by.

    It belongs to no generation: an expert that an edit leaves as it is keeps its key, and so its
    slots, through any number of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    #: `Expert.key` -> names of the slots that host it, at least one.
    slots_by_expert: dict[str, tuple[str, ...]]
    #: `Expert.key` -> those of them where it is at home, the first preferred; who is not named is
    #: at home nowhere in particular. `None` while a new Conductor does not know yet.
    homes_by_expert: dict[str, tuple[str, ...]] | None = None
    #: `Expert.key` of those whose only slots are being restarted: calls for them wait.
    awaited: frozenset[str] = frozenset()
    #: What each slot told last, where it told anything.
    outlook_by_slot: dict[str, SlotOutlook] = {}

    def slots(self, expert: str) -> tuple[str, ...]:
        """Names of the slots that host the expert of this key, none if it is not in the table."""
        return self.slots_by_expert.get(expert, ())

    def homes(self, expert: str) -> tuple[str, ...]:
        """Names of the slots where the expert of this key is at home, of those that host it."""
        return (self.homes_by_expert or {}).get(expert, ())

    def experts_on(self, slot: str) -> tuple[str, ...]:
        """Keys of the experts that `slot` hosts, in the order of the table."""
        return tuple(e for e, names in self.slots_by_expert.items() if slot in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where every lineage should be, and so its experts."""

    slots_by_lineage: Mapping[str, tuple[str, ...]]
    table: DispatchTable
    #: Slot -> lineages that it has no room for all at once: their engines take turns.
    taking_turns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def place(
    lineages: Sequence[Lineage],
    slots: Sequence[SlotSpace],
    *,
    previous: Mapping[str, Sequence[str]] | None = None,
) -> Placement:
    """Give every lineage a slot, then replicas where memory is left.

    What is placed stays where it is, since a move costs the start of an engine: only a lineage
    that has another slot gives one up, to a new one that fits nowhere else, and one that would
    have to take turns moves to where it has not. New ones, the largest
    first, spread to the emptiest slot, and where that leaves one without room they are packed
    into the fullest that takes them. One that fits beside the others nowhere takes turns with
    those of the slot that is overdrawn the least by it. What is left is filled in rounds: each
    gives every lineage one more replica if some slot has room for it, so the numbers of replicas
    differ only where memory forces it. The same input gives the same table.

    Args:
        lineages: all that must have a slot.
        slots: all that there are.
        previous: lineage id -> slots that host it now; those not in `lineages` free their room.

    Raises:
        SetupError: a lineage fits no slot, were it alone there; or ids are not unique.
    """
    require_unique("lineage", [lineage.id for lineage in lineages])
    require_unique("slot", [slot.name for slot in slots])
    ordered = sorted(lineages, key=lambda lineage: (-lineage.memory_gib, lineage.id))
    for lineage in ordered:
        require_fit(lineage, slots)
    rooms = _settled(ordered, slots, previous or {})
    while _replicate(ordered, rooms):
        pass
    names_by_lineage = {
        lineage.id: tuple(room.slot.name for room in rooms if lineage in room.lineages)
        for lineage in lineages
    }
    return Placement(
        slots_by_lineage=names_by_lineage,
        table=table_of(lineages, names_by_lineage),
        taking_turns={
            room.slot.name: tuple(lineage.id for lineage in room.lineages)
            for room in rooms
            if room.is_overdrawn
        },
    )


def table_of(
    lineages: Sequence[Lineage], slots_by_lineage: Mapping[str, tuple[str, ...]]
) -> DispatchTable:
    """Every expert in the slots of its lineages."""
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

    @property
    def is_overdrawn(self) -> bool:
        return self.free_gib < -_ROUNDING_GIB

    def takes(self, lineage: Lineage) -> bool:
        return (
            lineage not in self.lineages
            and lineage.memory_gib <= self.free_gib
            and spans(lineage, self.slot)
        )

    def take(self, lineage: Lineage) -> None:
        self.lineages.append(lineage)
        self.free_gib -= lineage.memory_gib

    def drop(self, lineage: Lineage) -> None:
        self.lineages.remove(lineage)
        self.free_gib += lineage.memory_gib


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


def _settled(
    lineages: Sequence[Lineage], slots: Sequence[SlotSpace], held: Mapping[str, Sequence[str]]
) -> list[_Room]:
    """Every room with all lineages in one at least: beside each other where that can be."""
    for choose in (_emptiest, _fullest, _emptiest):
        rooms = _stay(lineages, slots, held)
        left = _settle(lineages, rooms, choose)
        if not left:
            break
    for lineage in left:
        _crowd(lineage, rooms, held.get(lineage.id, ()))
    for room in rooms:
        _relieve(room, rooms)
    return rooms


def _settle(
    lineages: Sequence[Lineage], rooms: list[_Room], choose: Callable[[Sequence[_Room]], _Room]
) -> list[Lineage]:
    """Find room for every lineage that has none; returns those that are left out."""
    return [
        lineage
        for lineage in lineages
        if not any(lineage in room.lineages for room in rooms)
        and not _place_one(lineage, rooms, choose)
        and not _make_room(lineage, rooms)
    ]


def _crowd(lineage: Lineage, rooms: Sequence[_Room], held: Sequence[str]) -> None:
    """Put `lineage` where it takes turns with others: where it did, or where least is overdrawn.

    Replicas give way to it, so that turns are only taken by what has no other place.
    """
    able = [room for room in rooms if fits_alone(lineage, room.slot)]
    room = min(able, key=lambda room: (room.slot.name not in held, -room.free_gib))
    for other in sorted(room.lineages, key=lambda one: (-one.memory_gib, one.id)):
        if room.free_gib < lineage.memory_gib and _is_replicated(other, rooms):
            room.drop(other)
    room.take(lineage)


def _relieve(room: _Room, rooms: Sequence[_Room]) -> None:
    """Move what fits elsewhere out of a slot whose engines would take turns, the smallest first."""
    for lineage in sorted(room.lineages, key=lambda one: (one.memory_gib, one.id)):
        if room.is_overdrawn and _place_one(lineage, rooms, _emptiest):
            room.drop(lineage)


def _make_room(lineage: Lineage, rooms: Sequence[_Room]) -> bool:
    """Put `lineage` where the fewest replicas of others have to go for it; False: nowhere."""
    options = [
        (len(surplus), index, surplus)
        for index, room in enumerate(rooms)
        if (surplus := _surplus_for(lineage, room, rooms)) is not None
    ]
    if not options:
        return False
    _, index, surplus = min(options, key=lambda option: option[:2])
    for other in surplus:
        rooms[index].drop(other)
    rooms[index].take(lineage)
    return True


def _is_replicated(lineage: Lineage, rooms: Sequence[_Room]) -> bool:
    return sum(lineage in room.lineages for room in rooms) > 1


def _surplus_for(lineage: Lineage, room: _Room, rooms: Sequence[_Room]) -> list[Lineage] | None:
    """Replicas to drop from `room`, the largest first, so that `lineage` fits; None: it cannot."""
    if not spans(lineage, room.slot):
        return None
    dropped: list[Lineage] = []
    lacking_gib = lineage.memory_gib - room.free_gib
    for other in sorted(room.lineages, key=lambda one: (-one.memory_gib, one.id)):
        if lacking_gib > 0 and _is_replicated(other, rooms):
            dropped.append(other)
            lacking_gib -= other.memory_gib
    return dropped if lacking_gib <= 0 else None
