"""Questions that are so much like an earlier one that its answer may do: by a static embedding.

A cosine alone is wrong half of the time: `the capital of Peru` and `the capital of Chile` have the
same vector but for one word, and the answer hangs on it. So two questions are alike only where all
words of weight are the same, in the same order; they may differ in what is said around them.
Figures: `make bench-caches`. Kept in the memory of each process, as vectors, digests and keys,
without anybody's words.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.caching.keys import Question
from routers.embeddings import Embedder, Embeddings

#: Contexts that questions are kept of, and the latest questions of each: 64 MiB at most with a
#: table of 128 dimensions.
MAX_CONTEXTS = 128
MAX_QUESTIONS = 1_024

_WORDS = re.compile(r"\w+(?:['\u2019]t)?")
_DIGIT = re.compile(r"\d")
#: Light, and yet answers hang on them.
_TURNING = frozenset({"no", "not", "never", "without", "except", "non", "and", "or"})
#: From this share of a usual token's weight on a word decides: those below are `the` and `what`.
_HEAVY = 0.33


class Weighing(Embedder, Protocol):
    """An embedder that knows how much words weigh; see `StaticEmbedding.weight`."""

    def weight(self, word: str) -> float:
        """Of the heaviest part of `word`; 1 is the usual one."""
        ...


@dataclass(slots=True)
class _Known:
    """Questions of one context, a ring of the latest."""

    vectors: NDArray[np.float32]
    keys: list[str] = field(default_factory=list)
    marks: list[bytes] = field(default_factory=list)
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
        embedder: Weighing,
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
        marks = self._marks(question.text)
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
        known.marks[place : place + 1] = [self._marks(question.text)]

    def _marks(self, text: str) -> bytes:
        said = " ".join(deciding_words(text, self._embedder))
        return hashlib.sha256(said.encode()).digest()[:16]


def deciding_words(text: str, embedder: Weighing) -> list[str]:
    """The words that an answer hangs on, in order: numbers, letters, turns, and all of weight."""
    return [word for word in _WORDS.findall(text.lower()) if _decides(word, embedder)]


def _decides(word: str, embedder: Weighing) -> bool:
    is_turning = word in _TURNING or word.endswith(("'t", "\u2019t"))
    is_plain = len(word) > 1 and _DIGIT.search(word) is None and not is_turning
    return not is_plain or embedder.weight(word) >= _HEAVY
