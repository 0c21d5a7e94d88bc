"""Answers that are told again: looked for before anybody is asked, kept after all was said."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from orchestrator.caching.flights import Flights
from orchestrator.caching.keeping import Keeping
from orchestrator.caching.kept import Kept, unpacked
from orchestrator.caching.keys import Question, Scope, answer_key, question_of
from orchestrator.caching.likeness import Likeness
from orchestrator.caching.settings import CacheSettings
from orchestrator.caching.shelf import Shelf
from orchestrator.caching.use import Kind
from orchestrator.caching.vectors import VectorCache
from orchestrator.compositions.base import Query
from orchestrator.store.answers import Answers
from routers.embeddings import Embeddings


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the answer to one request is, or will be."""

    key: str
    question: Question | None = None
    vector: Embeddings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An answer that was kept."""

    kept: Kept
    kind: Kind
    age_s: float


class AnswerCache:
    """The answers of one process, in a store that all share.

    Args:
        store: has the answers.
        settings: what is kept, and for how long.
        likeness: knows questions that are alike; without, only repeats are found.
        clock: Unix time, seconds.
    """

    def __init__(
        self,
        store: Answers,
        settings: CacheSettings,
        *,
        likeness: Likeness | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._likeness = likeness
        self._clock = clock
        self._flights = Flights()
        self._shelf = Shelf(store, settings, clock=clock)
        #: The vectors of texts, kept beside answers.
        self.vectors = VectorCache(self._shelf, clock=clock)

    @property
    def is_shared(self) -> bool:
        """Whether callers of the same terms share answers."""
        return self._settings.is_shared

    def allows(self, query: Query, *, is_wanted: bool) -> bool:
        """Whether an earlier answer answers `query`, as its operator and its caller see it."""
        sampling = query.sampling
        is_told_alike = sampling.temperature == 0 or sampling.seed is not None
        return self._settings.mode == "all" or is_told_alike or is_wanted

    def place(self, query: Query, scope: Scope) -> Place | None:
        """Where the answer belongs; `None` where what is asked has no key."""
        key = answer_key(query, scope)
        if key is None:
            return None
        question = None if self._likeness is None else question_of(query, scope)
        if self._likeness is None or question is None:
            return Place(key=key)
        return Place(key=key, question=question, vector=self._likeness.vector(question))

    async def find(self, place: Place, *, may_wait: bool) -> Found | None:
        """An answer that was kept, or comes soon.

        Args:
            place: of the request.
            may_wait: for an answer that is under way; streams are better begun at once.
        """
        found = await self._read(place.key, "exact")
        if found is None and may_wait:
            kept = await self._flights.follow(place.key)
            found = None if kept is None else self._found(kept, "exact")
        return found or await self._like(place)

    @contextmanager
    def under_way(self, place: Place) -> Iterator[Keeping]:
        """Tell others that an answer is being made; that none comes, where the block fails."""
        flight = self._flights.begin(place.key)

        def ended(kept: Kept | None) -> None:
            if flight is not None:
                self._flights.land(place.key, flight, kept)
            if kept is not None:
                self._put(place, kept)

        try:
            yield Keeping(ended, self._clock)
        except BaseException:
            ended(None)
            raise

    async def settled(self) -> None:
        """Wait until what was said is stored or given up."""
        await self._shelf.settled()

    async def _like(self, place: Place) -> Found | None:
        if self._likeness is None or place.question is None or place.vector is None:
            return None
        like = self._likeness.nearest(place.question, place.vector)
        return None if like is None else await self._read(like.key, "semantic")

    async def _read(self, key: str, kind: Kind) -> Found | None:
        value = await self._shelf.find(key)
        kept = None if value is None else unpacked(value)
        return None if kept is None else self._found(kept, kind)

    def _found(self, kept: Kept, kind: Kind) -> Found:
        return Found(kept=kept, kind=kind, age_s=max(self._clock() - kept.at_s, 0.0))

    def _put(self, place: Place, kept: Kept) -> None:
        self._shelf.put(place.key, kept.packed())
        if self._likeness is not None and place.question is not None and place.vector is not None:
            self._likeness.remember(place.question, place.vector, key=place.key)
