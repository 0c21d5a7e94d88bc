"""What this machine has for the weights of sleeping engines."""

from __future__ import annotations

from pathlib import Path

import psutil

_GIB = 2**30
#: Share of a machine's memory that sleepers may take: the other half is for the page cache that
#: swaps read from, the engines' processes and everything else.
_SHARE = 0.5
#: One entry a GPU of the machine, whichever of them this process may see.
_GPUS = Path("/proc/driver/nvidia/gpus")


def host_gib(*, gpus: Path = _GPUS, total_bytes: int | None = None) -> float:
    """Memory for the sleepers of one slot, GiB: its share of the half, one slot a GPU at most.

    Args:
        gpus: a folder with an entry a GPU; without one nothing sleeps, so nothing is shared.
        total_bytes: memory of the machine, as it is found where left out.
    """
    total = psutil.virtual_memory().total if total_bytes is None else total_bytes
    num_slots = len(list(gpus.iterdir())) if gpus.is_dir() else 1
    return total / _GIB * _SHARE / max(1, num_slots)
