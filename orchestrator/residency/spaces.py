"""What a placement is made of: engines that need memory, and slots that have some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
    #: Adapters among `experts`: the expert whose weights each is put on.
    weights_by_adapter: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotSpace:
    """What one slot has room for."""

    name: str
    memory_gib: float
    #: GPUs; 0 runs on the CPU, which counts as one.
    accelerators: int = 0
    #: Engines of one lineage that it may have at once.
    engines: int = 1


def spans(lineage: Lineage, slot: SlotSpace) -> bool:
    """Whether an engine of `lineage` spans all accelerators of `slot`; see `capacity.misfit`."""
    return lineage.accelerators == max(slot.accelerators, 1)


def fits_alone(lineage: Lineage, slot: SlotSpace) -> bool:
    """Whether one engine of `lineage` runs in `slot`, with nothing beside it."""
    return spans(lineage, slot) and lineage.memory_gib <= slot.memory_gib


def require_unique(what: str, ids: Sequence[str]) -> None:
    """Refuse ids that are not.

    Raises:
        SetupError: names the first that is listed twice.
    """
    twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
    if twice:
        raise SetupError(f"{what} {twice[0]!r} is listed twice; each {what} needs one place")


def require_fit(lineage: Lineage, slots: Sequence[SlotSpace]) -> None:
    """Refuse what could not run were it alone: anything else can take turns.

    Raises:
        SetupError: says what it needs, what the slots have, and what to change.
    """
    if not slots:
        raise SetupError(f"{_named(lineage)} needs a slot and the registry has none under `slots`")
    spanning = [slot for slot in slots if spans(lineage, slot)]
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
