"""What this machine has, for the commands that look."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

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


def available_memory_gib() -> float:
    """Memory that programs could have, caches given back."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return memory_gib()
    found = next((line for line in lines if line.startswith("MemAvailable:")), "")
    kib = "".join(filter(str.isdigit, found))
    return int(kib) / 2**20 if kib else memory_gib()
