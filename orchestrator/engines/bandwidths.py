"""What this machine moves weights with, measured once: from disk and page cache, to a GPU.

A bounded probe of files that are there anyway: a few hundred megabytes of weights that this process
serves are read, dropped from the page cache, and read again.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator.costs.cost_file import Measured
from orchestrator.costs.prior import Bandwidths
from orchestrator.engines.file_cache import cached_share, drop, num_bytes

#: Most that is read of all files together, bytes, and for how long, seconds, each time.
_MAX_BYTES = 256 * 2**20
_MAX_S = 0.3
#: Less than this says more of opening files than of reading them, bytes.
_MIN_BYTES = 2**20
_CHUNK = 4 * 2**20
#: Share of what was dropped that may still be in the page cache, for the disk to be measured.
_MAX_CACHED = 0.1
#: Importing torch and opening a device take most of it.
_COPIES_TIMEOUT_S = 60.0
_GIB = 2**30

_LOG = logging.getLogger(__name__)

#: Seconds of a clock that only goes on.
Clock = Callable[[], float]


def measured(
    files: Sequence[Path],
    *,
    now_s: float,
    has_accelerators: bool = False,
    clock: Clock = time.perf_counter,
) -> Measured:
    """Measure; blocks for about a second, and a minute at most where there are accelerators.

    Args:
        files: of weights, whose place on the disk is what is measured.
        now_s: seconds since 1970, to be kept with what was found.
        has_accelerators: whether copies to and from them count.
        clock: for durations.
    """
    read_gib_per_s, disk_gib_per_s = _reading(files, clock)
    return Measured(
        read_gib_per_s=read_gib_per_s,
        disk_gib_per_s=disk_gib_per_s,
        copy_gib_per_s=_copying() if has_accelerators else None,
        at_s=now_s,
    )


def with_measured(assumed: Bandwidths, found: Measured | None) -> Bandwidths:
    """What was measured, and for the rest what is assumed."""
    if found is None:
        return assumed
    return replace(
        assumed,
        read_gib_per_s=found.read_gib_per_s or assumed.read_gib_per_s,
        disk_gib_per_s=found.disk_gib_per_s or assumed.disk_gib_per_s,
        copy_gib_per_s=found.copy_gib_per_s or assumed.copy_gib_per_s,
    )


def _reading(files: Sequence[Path], clock: Clock) -> tuple[float | None, float | None]:
    """GiB a second from the page cache and from the disk."""
    if num_bytes(files) < _MIN_BYTES:
        return None, None
    try:
        drop(files, up_to=_MAX_BYTES)
        share = cached_share(files, up_to=_MAX_BYTES)
        done, disk_gib_per_s = _rate(files, _MAX_BYTES, clock)
        _, read_gib_per_s = _rate(files, done, clock)
    except OSError as exc:
        _LOG.warning("the bandwidth of %s cannot be measured: %s", files[0], exc)
        return None, None
    is_from_disk = share is not None and share <= _MAX_CACHED
    return read_gib_per_s, disk_gib_per_s if is_from_disk else None


def _rate(files: Sequence[Path], max_bytes: int, clock: Clock) -> tuple[int, float | None]:
    """Bytes that were read within the time allowed, and GiB a second; `None` of too few."""
    buffer = memoryview(bytearray(_CHUNK))
    begun_s, done = clock(), 0
    for path in files:
        with path.open("rb", buffering=0) as file:
            while done < max_bytes and clock() - begun_s < _MAX_S:
                got = file.readinto(buffer[: min(max_bytes - done, _CHUNK)])
                if not got:
                    break
                done += got
    rate = done / _GIB / max(clock() - begun_s, 1e-9)
    return done, rate if done >= _MIN_BYTES else None


def _copying() -> float | None:
    """GiB a second between host and device, by a process whose device memory ends with it."""
    argv = [sys.executable, "-m", "orchestrator.engines.measure_copies"]
    try:
        ended = subprocess.run(  # noqa: S603 - our own module
            argv, capture_output=True, text=True, timeout=_COPIES_TIMEOUT_S, check=True
        )
        return float(json.loads(ended.stdout)["gib_per_s"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as exc:
        _LOG.warning("copies to accelerators cannot be measured: %s", exc)
        return None
