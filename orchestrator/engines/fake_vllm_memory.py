"""The memory of a fake vLLM engine: one accelerator, and the tagged pools that sleep lets go.

Behaves as `device_allocator/cumem.py` and `device_allocator/sleep_mode_backend.py` of vLLM 0.32.0.
Bytes are counted, contents are words: what was written to each allocation, or garbage.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

#: Tags whose waking may be put off; a wake of any tag brings every other back
#: (`device_allocator/__init__.py`, `DEFERRABLE_TAGS`).
DEFERRABLE = ("weights", "kv_cache")

#: What lies in the pool of another tag: buffers are made with the weights
#: (`v1/worker/gpu_worker.py`, `Worker.load_model`).
_TAG_BY_NAME = {"buffers": "weights"}

#: Kept at every level (`device_allocator/sleep_mode_backend.py`, `CuMemBackend.suspend`).
_KEPT = ("runtime",)


class IllegalAccessError(Exception):
    """Memory was used that is not mapped: a CUDA context, and so the engine, dies of it."""


class FakeAccelerator:
    """Device memory that fake engines, and whoever else, share.

    Args:
        num_bytes: all of it.
    """

    def __init__(self, num_bytes: int = 1_000) -> None:
        self.num_bytes = num_bytes
        self._taken_by: Counter[str] = Counter()

    @property
    def num_free(self) -> int:
        """Bytes that nobody has taken."""
        return self.num_bytes - self._taken_by.total()

    def taken_by(self, owner: str) -> int:
        """Bytes that `owner` has."""
        return self._taken_by[owner]

    def take(self, owner: str, num_bytes: int) -> None:
        """Take memory, or fail as `csrc/cumem_allocator.cpp`, `create_and_map`, does."""
        if num_bytes > self.num_free:
            raise RuntimeError("CUDA Error: out of memory at /csrc/cumem_allocator.cpp:131")
        self._taken_by[owner] += num_bytes

    def give_back(self, owner: str, num_bytes: int) -> None:
        """Let memory go."""
        assert num_bytes <= self._taken_by[owner], f"{owner!r} has not that much"
        self._taken_by[owner] -= num_bytes

    def end(self, owner: str) -> None:
        """Free all that `owner` has: its process ended."""
        del self._taken_by[owner]


@dataclass(slots=True, kw_only=True)
class _Allocation:
    name: str
    tag: str
    num_bytes: int
    data: str
    is_asleep: bool = False
    backup: str | None = None


class FakePools:
    """One engine's allocations, as `CuMemAllocator` keeps them.

    Args:
        accelerator: where they lie.
        owner: a name for the engine.
        sizes: bytes of each allocation, by the name of what it holds.
    """

    def __init__(
        self, accelerator: FakeAccelerator, owner: str, sizes: Mapping[str, Collection[int]]
    ) -> None:
        self._accelerator = accelerator
        self._owner = owner
        self._garbage = itertools.count()
        self._allocations: list[_Allocation] = []
        #: Host memory of backups, which PyTorch's allocator of pinned memory caches when they are
        #: dropped: `CuMemAllocator.wake_up` only drops its reference.
        self.num_host_bytes = 0
        for name, parts in sizes.items():
            for num_bytes in parts:
                accelerator.take(owner, num_bytes)
                self._allocations.append(
                    _Allocation(
                        name=name,
                        tag=_TAG_BY_NAME.get(name, name),
                        num_bytes=num_bytes,
                        data=self._new,
                    )
                )

    def read(self, name: str) -> str:
        """What lies under `name`: one word, or as many as its allocations disagree on."""
        return "/".join(dict.fromkeys(one.data for one in self._mapped(name)))

    def write(self, name: str, data: str) -> None:
        """Fill every allocation of `name`."""
        for allocation in self._mapped(name):
            allocation.data = data

    def sleep(self, *, level: int) -> None:
        """Unmap what is mapped; of what sleeps already nothing changes, not even its backup.

        See `CuMemAllocator.sleep`.
        """
        kept = ("weights", *_KEPT) if level == 1 else _KEPT
        for allocation in self._allocations:
            if not allocation.is_asleep:
                allocation.backup = allocation.data if allocation.tag in kept else None
                self._unmap(allocation)
        backups = [one.num_bytes for one in self._allocations if one.backup is not None]
        # Rounded up to a power of two, each (`ATen/core/CachingHostAllocator.h`, `allocate`).
        pinned = sum(1 << (num_bytes - 1).bit_length() for num_bytes in backups)
        self.num_host_bytes = max(self.num_host_bytes, pinned)

    def discard(self, tags: Collection[str]) -> None:
        """Unmap allocations of these tags without a backup; see `CuMemAllocator.discard`."""
        for allocation in self._allocations:
            if allocation.tag in tags and not allocation.is_asleep:
                self._unmap(allocation)

    def wake_up(self, tags: Collection[str] | None) -> None:
        """Map one by one, and leave those that were mapped when there is no more room.

        What has no backup holds garbage; see `CuMemAllocator.wake_up`.
        """
        for allocation in self._allocations:
            is_due = tags is None or allocation.tag in tags or allocation.tag not in DEFERRABLE
            if not allocation.is_asleep or not is_due:
                continue
            self._accelerator.take(self._owner, allocation.num_bytes)
            allocation.is_asleep = False
            allocation.data = self._new if allocation.backup is None else allocation.backup
            allocation.backup = None

    @property
    def _new(self) -> str:
        """Garbage like no other."""
        return f"garbage {next(self._garbage)}"

    def _mapped(self, name: str) -> list[_Allocation]:
        found = [one for one in self._allocations if one.name == name]
        if any(allocation.is_asleep for allocation in found):
            raise IllegalAccessError("CUDA error: an illegal memory access was encountered")
        return found

    def _unmap(self, allocation: _Allocation) -> None:
        self._accelerator.give_back(self._owner, allocation.num_bytes)
        allocation.is_asleep = True
