"""Questions that are so much like an earlier one that its answer may do: by a static embedding.

Kept in the memory of each process, as vectors and keys, without anybody's words.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from orchestrator.caching.keys import Question
from routers.embeddings import Embedder, Embeddings

#: Contexts that questions are kept of, and the latest questions of each.
MAX_CONTEXTS = 1_000
MAX_QUESTIONS = 512

#: What an embedding hardly sees and an answer hangs on: numbers and negations, names in between.
_MARKS = re.compile(r"\d+(?:[.,]\d+)*|\b(?:no|not|never|without|except|non|\w+n't)\b", re.I)


@dataclass(slots=True)
class _Known:
    """Questions of one context, a ring of the latest."""

    vectors: NDArray[np.float32]
    keys: list[str] = field(default_factory=list)
    marks: list[tuple[str, ...]] = field(default_factory=list)
    num_seen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Like:
    """An earlier question."""

    #: Of its answer.
    key: str
    cosine: float


class Likeness:
    """Finds the earlier question that is most like a new one.

    Args:
        embedder: a static one: a question takes it some 0.1 ms.
        least: cosine from which the answer may do.
        max_contexts: the one that was used longest ago goes first.
        max_questions: kept of each; the oldest goes first.
    """

    def __init__(
        self,
        embedder: Embedder,
        *,
        least: float,
        max_contexts: int = MAX_CONTEXTS,
        max_questions: int = MAX_QUESTIONS,
    ) -> None:
        self._embedder = embedder
        self._least = least
        self._max_contexts = max_contexts
        self._max_questions = max_questions
        self._by_context: OrderedDict[str, _Known] = OrderedDict()

    def vector(self, question: Question) -> Embeddings:
        """What the question is compared by, shape [dim]."""
        vector: Embeddings = self._embedder.embed([question.text])[0]
        return vector

    def nearest(self, question: Question, vector: Embeddings) -> Like | None:
        """The most alike question of the same context, where it is alike enough."""
        known = self._by_context.get(question.context)
        if known is None:
            return None
        self._by_context.move_to_end(question.context)
        cosines = known.vectors[: len(known.keys)] @ vector
        marks = marks_of(question.text)
        for place in np.argsort(-cosines)[:8]:
            if cosines[place] < self._least:
                return None
            if known.marks[place] == marks:
                return Like(key=known.keys[place], cosine=float(cosines[place]))
        return None

    def remember(self, question: Question, vector: Embeddings, *, key: str) -> None:
        """Note a question that has an answer."""
        known = self._by_context.get(question.context)
        if known is None:
            empty = np.zeros((self._max_questions, len(vector)), dtype=np.float32)
            known = self._by_context[question.context] = _Known(empty)
            if len(self._by_context) > self._max_contexts:
                self._by_context.popitem(last=False)
        place = known.num_seen % self._max_questions
        known.vectors[place] = vector
        known.num_seen += 1
        known.keys[place : place + 1] = [key]
        known.marks[place : place + 1] = [marks_of(question.text)]


def marks_of(text: str) -> tuple[str, ...]:
    """The numbers and negations of a text, in order."""
    return tuple(mark.lower() for mark in _MARKS.findall(text))
