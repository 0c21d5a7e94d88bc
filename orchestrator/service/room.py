"""Whether this machine has room for slots that an edit adds, beside those that run."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

import psutil

from orchestrator.errors import SetupError
from orchestrator.registry.widths import width
from orchestrator.service.layout import Layout, host_gib

_GIB = 2**30


def free_host_gib() -> float:
    """Memory of this machine that nobody uses now, GiB."""
    return psutil.virtual_memory().available / _GIB


class Room(Protocol):
    """Where slots go."""

    def require(self, layout: Layout, *, running: Collection[str]) -> None:
        """Refuse what there is no room for.

        Args:
            layout: of the slots that are to come, with those that leave.
            running: slots that have a worker.

        Raises:
            SetupError: accelerators or memory are lacking; says how many.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What this machine has for slots."""

    accelerators: int
    free_gib: Callable[[], float] = free_host_gib

    def require(self, layout: Layout, *, running: Collection[str]) -> None:
        """See `Room.require`: nothing is taken from slots that serve."""
        if new := {share.name for share in layout.shares} - set(running):
            self._require_accelerators(new, running)
            self._require_memory(layout, new)

    def _require_accelerators(self, new: Collection[str], running: Collection[str]) -> None:
        wanted = sum(width(slot).gpus for slot in new)
        free = self.accelerators - sum(width(slot).gpus for slot in running)
        if wanted > free:
            raise SetupError(
                f"slots {sorted(new)} need {wanted} accelerators and {free} of "
                f"{self.accelerators} are free"
            )

    def _require_memory(self, layout: Layout, new: Collection[str]) -> None:
        needed_gib = sum(host_gib(share) for share in layout.shares if share.name in new)
        free_gib = self.free_gib()
        if needed_gib > free_gib:
            raise SetupError(
                f"the engines of slots {sorted(new)} need {needed_gib:.1f} GiB and "
                f"{free_gib:.1f} GiB of this machine's memory are free"
            )
