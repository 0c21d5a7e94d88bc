"""What this machine moves weights with, measured once: from disk and page cache, to a GPU.

A bounded probe of files that are there anyway: a hundred megabytes of weights that this process
serves are dropped from the page cache and read, then mapped and copied into fresh memory, which is
how an engine loads them, and copied once more within memory.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from mmap import ACCESS_READ, mmap
from pathlib import Path

from orchestrator.costs.cost_file import Measured
from orchestrator.costs.prior import Bandwidths
from orchestrator.engines.file_cache import cached_share, drop, num_bytes

#: Most that is read of all files together, bytes, and for how long, seconds, each time.
_MAX_BYTES = 128 * 2**20
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
    now_s: float,
    *,
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
    disk_gib_per_s, read_gib_per_s, compute_gib_per_s = _reading(files, clock)
    return Measured(
        read_gib_per_s=read_gib_per_s,
        disk_gib_per_s=disk_gib_per_s,
        copy_gib_per_s=_copying() if has_accelerators else None,
        compute_gib_per_s=None if has_accelerators else compute_gib_per_s,
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
        compute_gib_per_s=found.compute_gib_per_s or assumed.compute_gib_per_s,
    )


def _reading(files: Sequence[Path], clock: Clock) -> tuple[float | None, ...]:
    """GiB a second from the disk, from the page cache into fresh memory, and within memory."""
    files = [path for path in files if num_bytes([path])]  # an empty one cannot be mapped
    if num_bytes(files) < _MIN_BYTES:
        return None, None, None
    try:
        drop(files, up_to=_MAX_BYTES)
        share = cached_share(files, up_to=_MAX_BYTES)
        done, disk_gib_per_s = _rate(_reads(files), _MAX_BYTES, clock)
        memory = memoryview(bytearray(done))
        _, read_gib_per_s = _rate(_loads(files, memory), done, clock)
        twin = memoryview(bytes(memory))  # its pages are there before the clock runs
        _, compute_gib_per_s = _rate(_copies(twin, memory), done, clock)
    except OSError as exc:
        _LOG.warning("the bandwidth of %s cannot be measured: %s", files[0], exc)
        return None, None, None
    is_from_disk = share is not None and share <= _MAX_CACHED
    return disk_gib_per_s if is_from_disk else None, read_gib_per_s, compute_gib_per_s


def _rate(chunks: Iterator[int], max_bytes: int, clock: Clock) -> tuple[int, float | None]:
    """Bytes that were moved within the time allowed, and GiB a second; `None` of too few."""
    begun_s, done = clock(), 0
    while done < max_bytes and clock() - begun_s < _MAX_S:
        moved = next(chunks, 0)
        if not moved:
            break
        done += moved
    rate = done / _GIB / max(clock() - begun_s, 1e-9)
    return done, rate if done >= _MIN_BYTES else None


def _reads(files: Sequence[Path]) -> Iterator[int]:
    """Read the files a chunk at a time; the bytes of each chunk."""
    buffer = bytearray(_CHUNK)
    for path in files:
        with path.open("rb", buffering=0) as file:
            while got := file.readinto(buffer):
                yield got


def _loads(files: Sequence[Path], memory: memoryview) -> Iterator[int]:
    """Map the files and copy them into `memory`, one after another, until it is full."""
    at = 0
    for path in files:
        with (
            path.open("rb") as file,
            mmap(file.fileno(), 0, access=ACCESS_READ) as mapped,
            memoryview(mapped) as view,
        ):
            for begin in range(0, len(view), _CHUNK):
                with view[begin : begin + min(_CHUNK, len(memory) - at)] as chunk:
                    memory[at : at + len(chunk)] = chunk
                    moved = len(chunk)
                at += moved
                yield moved


def _copies(source: memoryview, target: memoryview) -> Iterator[int]:
    """Copy a chunk at a time, more than the processor's caches hold."""
    for begin in range(0, len(target), _CHUNK):
        chunk = source[begin : begin + _CHUNK]
        target[begin : begin + len(chunk)] = chunk
        yield len(chunk)


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
