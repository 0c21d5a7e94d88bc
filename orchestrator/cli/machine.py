"""What this machine has, for the commands that look."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

_GIB = 2**30
_QUERY = ("--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits")
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """One GPU."""

    name: str
    memory_gib: float
    free_gib: float


def accelerators() -> tuple[Accelerator, ...]:
    """The GPUs that the driver of NVIDIA tells of; none without it."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    try:
        done = subprocess.run(  # noqa: S603 - the driver's own program
            [program, *_QUERY], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return parsed(done.stdout) if done.returncode == 0 else ()


def parsed(text: str) -> tuple[Accelerator, ...]:
    """What `nvidia-smi` printed; lines that say something else are left aside."""
    found = []
    for line in text.splitlines():
        name, *numbers = (part.strip() for part in line.split(","))
        if len(numbers) == 2 and all(number.isdigit() for number in numbers):
            total, free = (int(number) / 1024 for number in numbers)
            found.append(Accelerator(name=name, memory_gib=total, free_gib=free))
    return tuple(found)


def memory_gib() -> float:
    """Memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB


def free_memory_gib() -> float:
    """Memory that is free, without what caches would give back."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") / _GIB
