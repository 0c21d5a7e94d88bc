"""Has routers go by what callers say of their choices, as the store has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from orchestrator.store.judgements import Judgements, StoredJudgement

if TYPE_CHECKING:
    from routers.feedback import Judgement, Tally

#: What ages does so unasked: all is counted again after so long, seconds.
_COUNT_AGAIN_S = 3600.0


class Hearing:
    """Looks at the store and tells the routers; while the store is away they go on as they are.

    Args:
        judgements: the store.
        hear: takes router id -> tally, in the place of what it was told before.
        clock: Unix time, seconds.
    """

    def __init__(
        self,
        judgements: Judgements,
        hear: Callable[[Mapping[str, Tally]], None],
        *,
        clock: Callable[[], float],
    ) -> None:
        self._judgements = judgements
        self._hear = hear
        self._clock = clock
        #: An empty store is what routers begin with.
        self._revision = ""
        self._counted_s = clock()

    async def look(self) -> None:
        """Tell the routers what is new.

        Raises:
            StoreError: the store is away.
        """
        revision, now_s = await self._judgements.revision(), self._clock()
        if revision == self._revision and now_s < self._counted_s + _COUNT_AGAIN_S:
            return
        said = await self._judgements.every()
        # Thousands of them take longer than a request may wait for the loop.
        self._hear(await asyncio.to_thread(counted, said, now_s=now_s))
        self._revision, self._counted_s = revision, now_s


def counted(said: Iterable[StoredJudgement], *, now_s: float) -> Mapping[str, Tally]:
    """The tally of each router, within the bounds of feedback."""
    if not (telling := _telling(said)):
        return {}  # a service without routers has no numpy
    from routers.feedback import Bounds, tallies

    return tallies(map(_judgement, telling), bounds=Bounds(), now_s=now_s)


def weighing_ids(said: Iterable[StoredJudgement], *, now_s: float) -> frozenset[str]:
    """Ids of those that weigh anything."""
    if not (telling := _telling(said)):
        return frozenset()
    from routers.feedback import Bounds, weighing

    kept = weighing(map(_judgement, telling), bounds=Bounds(), now_s=now_s)
    return frozenset(one.id for one in kept)


def _telling(said: Iterable[StoredJudgement]) -> list[StoredJudgement]:
    """Those that say something of a router's choice."""
    return [one for one in said if one.router is not None and one.labels]


def _judgement(one: StoredJudgement) -> Judgement:
    from routers.feedback import Judgement

    return Judgement(
        id=one.id,
        giver=one.giver,
        router=one.router or "",
        expert=one.expert,
        labels=one.labels,
        score=one.score,
        at_s=one.at_s,
    )
