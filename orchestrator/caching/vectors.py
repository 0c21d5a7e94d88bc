"""Vectors that are told again: a request for the same texts by the same expert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import orjson

from orchestrator.caching.shelf import Shelf
from orchestrator.engines.embedding import Vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundVectors:
    """Vectors that were kept."""

    vectors: Vectors
    age_s: float


class VectorCache:
    """The vectors among the answers of one process.

    Args:
        shelf: has the values.
        clock: Unix time, seconds.
    """

    def __init__(self, shelf: Shelf, *, clock: Callable[[], float]) -> None:
        self._shelf = shelf
        self._clock = clock

    async def find(self, key: str) -> FoundVectors | None:
        """The vectors under `key`, which cost nothing any more."""
        value = await self._shelf.find(key)
        return None if value is None else _unpacked(value, now_s=self._clock())

    def keep(self, key: str, vectors: Vectors) -> None:
        """Have vectors kept."""
        rows = np.ascontiguousarray(vectors.values, dtype="<f4")
        head = {"shape": rows.shape, "num_tokens": vectors.num_tokens, "at_s": self._clock()}
        self._shelf.put(key, orjson.dumps(head) + b"\n" + rows.tobytes())


def _unpacked(value: bytes, *, now_s: float) -> FoundVectors | None:
    """What was kept; `None` of what another version wrote."""
    head, _, rows = value.partition(b"\n")
    try:
        said = orjson.loads(head)
        values = np.frombuffer(rows, dtype="<f4").reshape(said["shape"])
        vectors = Vectors(values=values, num_tokens=said["num_tokens"], cost_usd=0.0)
        return FoundVectors(vectors=vectors, age_s=max(now_s - said["at_s"], 0.0))
    except (ValueError, LookupError, TypeError):
        return None
