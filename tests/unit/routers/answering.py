"""Questions with outcomes, small enough to fit on in a test."""

from __future__ import annotations

import numpy as np

from routers.base import Route
from routers.datasets import Answered, Example
from routers.distil import StaticTable
from routers.static_files import Carried, static_blobs
from tests.unit.routers.small import TOKENS, embedding, tokenizer

EXPERTS = ("clerk", "poet")


def carried() -> Carried:
    """The embedder of six tokens, as a folder carries it."""
    table = np.zeros((len(TOKENS), 3), dtype=np.int8)
    table[1, 0] = table[3, 1] = table[2, 2] = table[5, 2] = 10
    static = StaticTable(
        table=table, scale=np.full(3, 0.1, dtype=np.float32), tokenizer=tokenizer().to_str()
    )
    return Carried(embedder=embedding(), blobs=static_blobs(static))


def two_topics(num: int = 40) -> Answered:
    """Half on capitals, where the clerk is right, half on French, where the poet is."""
    examples = tuple(
        Example(id=str(i), prompt=f"{'capital' if i % 2 else 'french'} {i}") for i in range(num)
    )
    scores = np.array([[1.0, 0.0] if i % 2 else [0.0, 1.0] for i in range(num)])
    return Answered(examples=examples, experts=EXPERTS, scores=scores)


class Told:
    """Gives every prompt the scores it is told, or is unsure where it has none."""

    is_slow = False

    def __init__(self, version, scores, *, unsure=()):
        self.version = version
        self._scores = scores
        self._unsure = unsure

    def route(self, prompts):
        return [self._route(text, prompts.candidates) for text in prompts.texts]

    def _route(self, text, candidates):
        told = self._scores(text) if callable(self._scores) else self._scores
        scores = {name: told[name] for name in sorted(candidates) if name in told}
        best = max(scores, key=scores.__getitem__)
        return Route(chosen=(best,), scores=scores, is_fallback=text in self._unsure)
