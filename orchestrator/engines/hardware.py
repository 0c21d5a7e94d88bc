"""What a machine is made of, in words: what was measured holds on equal hardware alone."""

from __future__ import annotations

import os
import platform
from pathlib import Path

_PROC = Path("/proc")


def hardware(proc: Path = _PROC) -> str:
    """Processor, cores, memory and accelerators; no name of the machine, so images can be copied.

    Args:
        proc: where the kernel tells of them.
    """
    models = sorted(_models(proc / "driver/nvidia/gpus"))
    found = [f"{_num_cores()} cores of {_processor(proc)}", f"{_memory_gib(proc)} GiB", *models]
    return ", ".join(found)


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor(proc: Path) -> str:
    return _value(proc / "cpuinfo", "model name") or platform.machine() or "an unknown processor"


def _memory_gib(proc: Path) -> int:
    """Whole GiB: kernels of equal machines keep some MiB more or less to themselves."""
    kib = _value(proc / "meminfo", "MemTotal").removesuffix("kB").strip()
    return round(int(kib) / 2**20) if kib.isdigit() else 0


def _models(folder: Path) -> list[str]:
    try:
        cards = sorted(folder.iterdir())
    except OSError:
        return []
    return [_value(card / "information", "Model") or "an unknown card" for card in cards]


def _value(path: Path, name: str) -> str:
    """What stands behind `name:` in a file of such lines, nothing where it does not."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
