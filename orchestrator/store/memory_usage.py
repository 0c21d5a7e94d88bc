"""Usage in memory: for one process, and gone with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.store.usage import MAX_ROWS, NOTHING_USED, UsageRow, Used, others_of


class MemoryUsage:
    """`UsageStore` for one process.

    Args:
        max_rows: of one day.
    """

    def __init__(self, *, max_rows: int = MAX_ROWS) -> None:
        self._max_rows = max_rows
        self._by_row: dict[UsageRow, Used] = {}
        self._seen: set[str] = set()

    async def add(self, entry_id: str, used: Mapping[UsageRow, Used]) -> None:
        """See `UsageStore.add`."""
        if entry_id in self._seen:
            return
        self._seen.add(entry_id)
        for asked, more in used.items():
            row = asked if self._has_room(asked) else others_of(asked.day)
            self._by_row[row] = self._by_row.get(row, NOTHING_USED).plus(more)

    async def read(self, days: Iterable[str]) -> dict[UsageRow, Used]:
        """See `UsageStore.read`."""
        wanted = set(days)
        return {row: used for row, used in self._by_row.items() if row.day in wanted}

    def _has_room(self, row: UsageRow) -> bool:
        num_rows = sum(known.day == row.day for known in self._by_row)
        return row in self._by_row or num_rows < self._max_rows
