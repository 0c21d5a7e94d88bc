"""How much alike two questions are written: the same words in the same order, rare ones above all.

Compared to find questions that mean the same. Vectors of meaning do not do for that: on the demo's
questions, where one word changes the answer, the nearest by cosine had the same answer in under
half of all cases at any threshold.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W_]+|[^\w\s]")
#: Marks at which sentences differ without a difference.
_MARKS = frozenset(".,;:!?\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb")
#: Words of a text that are looked at; what is longer is like nothing.
MAX_WORDS = 128
#: Texts that are compared word by word.
_SHORTLIST = 8


def terms(text: str) -> list[str]:
    """Words and pairs of neighbours; one that stands twice is told apart by its number."""
    words = [word for word in _WORD.findall(text.casefold()) if word not in _MARKS]
    pairs = [f"{one} {other}" for one, other in pairwise(words)]
    seen: Counter[str] = Counter()
    found = []
    for term in (*words, *pairs):
        seen[term] += 1
        found.append(term if seen[term] == 1 else f"{term}#{seen[term]}")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Known texts, to be compared with."""

    #: Term -> the texts that have it.
    texts_by_term: Mapping[str, NDArray[np.int64]]
    terms_by_text: Sequence[frozenset[str]]
    #: Shape [n_texts]; weight of all terms of each.
    totals: NDArray[np.float64]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Overlap:
        """For these texts; how rare a term is they say themselves."""
        found: dict[str, list[int]] = {}
        own = [frozenset(terms(text)) for text in texts]
        for number, held in enumerate(own):
            for term in held:
                found.setdefault(term, []).append(number)
        by_term = {term: np.array(numbers) for term, numbers in found.items()}
        totals = np.zeros(len(texts))
        for numbers in by_term.values():
            totals[numbers] += _rarity(len(numbers), len(texts))
        return cls(texts_by_term=by_term, terms_by_text=own, totals=totals)

    def most_alike(self, text: str, *, but: int | None = None) -> tuple[int, float]:
        """The known text most like `text`, and how much: 1 for the same words in the same order.

        Args:
            text: what is compared; one of too many words is like nothing.
            but: a known text that is passed over.
        """
        own = terms(text)
        if not own or len(own) > 2 * MAX_WORDS:
            return 0, 0.0
        shares = self._shares(own)
        if but is not None:
            shares[but] = -1.0
        kept = np.argsort(-shares, kind="stable")[:_SHORTLIST].tolist()
        likeness = {number: self._likeness(own, number, float(shares[number])) for number in kept}
        best = max(likeness, key=likeness.__getitem__)
        return best, max(0.0, likeness[best])

    def _shares(self, own: Sequence[str]) -> NDArray[np.float64]:
        """Weight of shared terms over that of all, shape [n_texts], in [0, 1]."""
        shared = np.zeros(len(self.totals))
        total = 0.0
        for term in own:
            weight = self._rarity_of(term)
            total += weight
            if term in self.texts_by_term:
                shared[self.texts_by_term[term]] += weight
        return np.asarray(shared / np.maximum(self.totals + total - shared, 1e-9))

    def _likeness(self, own: Sequence[str], number: int, share: float) -> float:
        """The share, less the more the rarer the rarest word that stands in one text only.

        In two questions of one pattern it is the rare word that asks for another answer.
        """
        differing = {one for one in set(own) ^ self.terms_by_text[number] if " " not in one}
        rarest = max((self._rarity_of(one) for one in differing), default=0.0)
        return (1 - rarest / _rarity(0, len(self.totals))) * (1 + share) / 2

    def _rarity_of(self, term: str) -> float:
        return _rarity(len(self.texts_by_term.get(term, ())), len(self.totals))


def _rarity(count: int, num_texts: int) -> float:
    return float(np.log((num_texts + 1) / (count + 0.5)))
