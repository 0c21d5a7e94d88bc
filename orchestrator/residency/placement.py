"""Which slot hosts which experts: the Conductor's decision as a pure function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict

from orchestrator.errors import SetupError


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Experts that share one engine, and what that engine needs."""

    id: str
    #: Their keys.
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


def place(lineages: Sequence[Lineage], slots: Sequence[SlotSpace]) -> DispatchTable:
    """Give every lineage a slot, then replicas where memory is left.

    The largest lineages choose first. They spread to the emptiest slot, and where that leaves one
    without room they are packed into the fullest that takes them. What is left is filled in
    rounds: each round gives every lineage one more replica if some slot has room for it, so the
    numbers of replicas differ only where memory forces it. The same input gives the same table.

    Raises:
        SetupError: a lineage fits no slot, or they do not fit together; or ids are not unique.
    """
    _check_ids(lineages, slots)
    ordered = sorted(lineages, key=lambda lineage: (-lineage.memory_gib, lineage.id))
    for lineage in ordered:
        _check_fits_alone(lineage, slots)
    rooms = _spread(ordered, slots) or _pack(ordered, slots)
    while _replicate(ordered, rooms):
        pass
    names_by_lineage = {
        lineage.id: tuple(room.slot.name for room in rooms if lineage.id in room.lineages)
        for lineage in lineages
    }
    return DispatchTable(
        slots_by_expert={e: names_by_lineage[line.id] for line in lineages for e in line.experts}
    )


@dataclass(slots=True, kw_only=True)
class _Room:
    slot: SlotSpace
    free_gib: float
    lineages: list[str] = field(default_factory=list)

    def takes(self, lineage: Lineage) -> bool:
        return (
            lineage.id not in self.lineages
            and lineage.memory_gib <= self.free_gib
            and _spans(lineage, self.slot)
        )


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
    room = choose(fitting)
    room.lineages.append(lineage.id)
    room.free_gib -= lineage.memory_gib
    return True


def _replicate(lineages: Sequence[Lineage], rooms: Sequence[_Room]) -> bool:
    """One more replica of each lineage that still fits somewhere; False when none does."""
    placed = [_place_one(lineage, rooms, _emptiest) for lineage in lineages]
    return any(placed)


def _spread(lineages: Sequence[Lineage], slots: Sequence[SlotSpace]) -> list[_Room] | None:
    rooms = _rooms(slots)
    return rooms if all(_place_one(line, rooms, _emptiest) for line in lineages) else None


def _pack(lineages: Sequence[Lineage], slots: Sequence[SlotSpace]) -> list[_Room]:
    rooms = _rooms(slots)
    for lineage in lineages:
        if not _place_one(lineage, rooms, _fullest):
            free = ", ".join(f"{room.slot.name!r} {room.free_gib:g} GiB" for room in rooms)
            raise SetupError(
                f"no slot has room left for {_named(lineage)}, which needs "
                f"{lineage.memory_gib:g} GiB beside the others; free: {free}. Raise the slots' "
                "memory_gib or count, or lower the engines' kv_cache_gib"
            )
    return rooms


def _check_ids(lineages: Sequence[Lineage], slots: Sequence[SlotSpace]) -> None:
    experts = [expert for lineage in lineages for expert in lineage.experts]
    _check_unique("expert", experts)
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
