"""Whether there is room for a model, before a byte of it is fetched: pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.errors import DiskFullError

_GIB = 2**30
#: Left free on the disk for everything else, bytes.
SPARE_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What decides whether a model may be fetched, bytes."""

    #: Of the model, in all and already here.
    total_bytes: int
    here_bytes: int
    #: Free on the disk.
    free_bytes: int
    #: Of all other models of the library.
    others_bytes: int
    budget_bytes: int | None
    #: What is of no expert and could be removed; `None` where that is not known.
    reclaimable_bytes: int | None = None

    @property
    def needed_bytes(self) -> int:
        """What is still to be fetched."""
        return max(0, self.total_bytes - self.here_bytes)


def require_room(room: Room, *, what: str) -> None:
    """Refuse a model there is no room for.

    Raises:
        DiskFullError: says what is needed, free, allowed, and could be freed.
    """
    over_disk = room.needed_bytes and room.needed_bytes + SPARE_BYTES > room.free_bytes
    over_budget = (
        room.budget_bytes is not None and room.others_bytes + room.total_bytes > room.budget_bytes
    )
    if not over_disk and not over_budget:
        return
    limits = [f"{_gib(room.free_bytes)} GiB are free on the disk"]
    if room.budget_bytes is not None:
        limits.append(
            f"the budget is {_gib(room.budget_bytes)} GiB (ORCHESTRATOR_MODELS_BUDGET_GIB), of "
            f"which other models take {_gib(room.others_bytes)}"
        )
    frees = "says what it would free"
    if room.reclaimable_bytes is not None:
        frees = f"would free {_gib(room.reclaimable_bytes)} GiB"
    raise DiskFullError(
        f"{what} needs {_gib(room.needed_bytes)} GiB more: {', and '.join(limits)}; nothing was "
        f"fetched: `orchestrator models gc` {frees}"
    )


def _gib(num_bytes: int) -> str:
    return f"{num_bytes / _GIB:.3g}"
