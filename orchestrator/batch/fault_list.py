"""The faults of an input file: the first of them, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.batch.batch import BatchFault


class FaultList:
    """Faults in the order of their lines, however they come.

    Args:
        max_told: more are counted only.
    """

    def __init__(self, *, max_told: int) -> None:
        self._max_told = max_told
        self._kept: list[BatchFault] = []
        self._num = 0

    def __len__(self) -> int:
        return self._num

    def add(self, fault: BatchFault) -> None:
        """Add one; of many, those of the first lines are kept."""
        self._num += 1
        self._kept.append(fault)
        if len(self._kept) >= 2 * self._max_told:
            self._kept = self._first()

    def extend(self, faults: Iterable[BatchFault]) -> None:
        """Add several."""
        for fault in faults:
            self.add(fault)

    def told(self) -> tuple[BatchFault, ...]:
        """What callers are told; the last says how many are left out."""
        first = tuple(self._first())
        num_more = self._num - len(first)
        if not num_more:
            return first
        rest = BatchFault(
            code="more_faults",
            message=f"{num_more} more faults are not listed; correct those above first",
        )
        return (*first, rest)

    def _first(self) -> list[BatchFault]:
        return sorted(self._kept, key=lambda one: one.line or 0)[: self._max_told]
