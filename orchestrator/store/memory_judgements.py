"""Judgements in memory: for tests, and for trying things out without Redis."""

from __future__ import annotations

from orchestrator.store.judgements import MAX_JUDGEMENTS, StoredJudgement


class MemoryJudgements:
    """`Judgements` for one process; gone with it.

    Args:
        max_judgements: kept at most; beyond it the oldest go.
    """

    def __init__(self, *, max_judgements: int = MAX_JUDGEMENTS) -> None:
        self._max_judgements = max_judgements
        self._by_id: dict[str, StoredJudgement] = {}
        self._num_changes = 0

    async def put(self, judgement: StoredJudgement) -> None:
        """See `Judgements.put`."""
        self._by_id[judgement.id] = judgement
        self._num_changes += 1
        if len(self._by_id) > self._max_judgements:
            del self._by_id[min(self._by_id, key=lambda it: (self._by_id[it].at_s, it))]

    async def find(self, judgement_id: str) -> StoredJudgement | None:
        """See `Judgements.find`."""
        return self._by_id.get(judgement_id)

    async def remove(self, judgement_id: str) -> bool:
        """See `Judgements.remove`."""
        had_one = self._by_id.pop(judgement_id, None) is not None
        self._num_changes += had_one
        return had_one

    async def every(self) -> list[StoredJudgement]:
        """See `Judgements.every`."""
        return list(self._by_id.values())

    async def revision(self) -> str:
        """See `Judgements.revision`."""
        return str(self._num_changes)
