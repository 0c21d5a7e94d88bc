"""Answers in free text that mean the same, so that a vote can count them together.

Answers of one spelling (`routers/answers.py`) are one. Others are when their static embeddings are
near and nothing that an embedding cannot see tells them apart: it is a mean over words, blind to
their order, and numbers and negations weigh little in it. So two answers differ whatever their
embeddings say where their numbers do, where one of them denies, or where words that they share
stand in another order. Ours; function words and negations are those of English, other languages are
compared by embedding and numbers.

Measured (`make bench-compositions`, part recorded): of pairs of options of one MMLU-Pro question,
written to be mistaken for one another, 2 % are joined at a similarity of 0.9 (23 % without the
three rules), and 82 % of pairs of an option and a sentence that says it; at 0.8 4 and 92 %.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from .embeddings import Embedder

#: Cosine from which two answers may mean the same.
SIMILARITY = 0.9
#: Longer answers are compared by their beginnings.
_MAX_CHARS = 2000
#: Further apart than any two unit vectors.
_APART = 3.0
#: Two that are further apart are not joined at any similarity that makes sense.
_WORTH_READING = 0.5

_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}\b)")
_DENIAL = re.compile(r"\b(?:no|not|never|none|neither|nor|without|cannot)\b|n't\b")
_EDGES = ".,;:!?()[]\"'`*_"
_FUNCTION_WORDS = frozenset(
    re.findall(
        "[a-z]+",
        "a an and are as at be been by can could did do does for from had has have he her his i in "
        "is it its may might must of on or our she should so some such that the their them then "
        "there these they this those to was we were what which who will with would you your",
    )
)

Distances = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What is compared of one answer."""

    #: Without function words, unless nothing else is there.
    words: tuple[str, ...]
    numbers: tuple[str, ...]
    is_denied: bool

    @classmethod
    def of(cls, answer: str) -> _Reading:
        text = answer[:_MAX_CHARS].casefold()
        every = [bare for word in text.split() if (bare := word.strip(_EDGES))]
        words = [word for word in every if word not in _FUNCTION_WORDS]
        return cls(
            words=tuple(words or every or [text]),
            numbers=tuple(_NUMBER.findall(_THOUSANDS.sub("", text))),
            is_denied=_DENIAL.search(text) is not None,
        )

    def differs_from(self, other: _Reading) -> bool:
        """Whether they cannot mean the same, however near they are."""
        if (self.numbers, self.is_denied) != (other.numbers, other.is_denied):
            return True
        shared = set(self.words) & set(other.words)
        return self._in_order(shared) != other._in_order(shared)

    def _in_order(self, shared: set[str]) -> list[str]:
        return [word for word in dict.fromkeys(self.words) if word in shared]


def representatives(
    answers: Sequence[str | None], embedder: Embedder, *, similarity: float = SIMILARITY
) -> tuple[str | None, ...]:
    """For each answer the first one given that means the same; `None` stays `None`.

    Every two answers that share one are near enough and told apart by nothing (complete linkage).

    Args:
        answers: canonical.
        embedder: of unit norm; one without a known token is near nothing but itself.
        similarity: cosine from which two may mean the same, in (0, 1].
    """
    distinct = list(dict.fromkeys(answer for answer in answers if answer is not None))
    if len(distinct) < 2:
        return tuple(answers)
    tree = linkage(squareform(_distances(distinct, embedder), checks=False), method="complete")
    labels = fcluster(tree, t=1 - similarity + 1e-6, criterion="distance").tolist()
    first_by_label: dict[int, str] = {}
    chosen = {
        answer: first_by_label.setdefault(label, answer)
        for answer, label in zip(distinct, labels, strict=True)
    }
    return tuple(None if answer is None else chosen[answer] for answer in answers)


def _distances(answers: Sequence[str], embedder: Embedder) -> Distances:
    """Shape [n, n]; 1 - cosine, `_APART` where two are far or something else tells them apart."""
    readings = [_Reading.of(answer) for answer in answers]
    rows = embedder.embed([" ".join(one.words) for one in readings]).astype(np.float64)
    # The same words are near even where the embedder knows none of them.
    same = np.array([[one.words == other.words for other in readings] for one in readings])
    distances = np.where(same, 0.0, np.clip(1 - rows @ rows.T, 0, 2))
    for i, j in np.argwhere(np.triu(distances < _WORTH_READING, 1)).tolist():
        if readings[i].differs_from(readings[j]):
            distances[i, j] = distances[j, i] = _APART
    np.fill_diagonal(distances, 0)
    return np.asarray(distances)
