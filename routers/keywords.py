"""The router people write first: a prompt goes to the skill whose words it holds.

Shipped to be compared with. Its words are learned from the same questions as the real router's.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .base import Prompts, Route, RouterError
from .questions import Question

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordRouter:
    """Counts telling words; the skill with most of them wins, none goes to the fallback."""

    #: Skill -> words that tell it.
    words_by_skill: Mapping[str, frozenset[str]]
    fallback: str
    version: str = "keywords"
    is_slow: bool = False

    def route(self, prompts: Prompts) -> list[Route]:
        """One route per text, in order; experts are named as their skills.

        Raises:
            RouterError: There is no candidate.
        """
        if not prompts.candidates:
            raise RouterError("no candidate is left to choose from; name at least one expert")
        return [self._route(text, prompts.candidates) for text in prompts.texts]

    def _route(self, text: str, candidates: frozenset[str]) -> Route:
        words = set(_WORD.findall(text.lower()))
        hits = {
            skill: len(words & telling)
            for skill, telling in self.words_by_skill.items()
            if skill in candidates
        }
        best = max(hits, key=hits.__getitem__, default=self.fallback)
        total = sum(hits.values())
        if not total:
            reason = "no keyword of any skill"
            scores = dict.fromkeys(sorted(candidates), 0.0)
            return Route(
                chosen=(self.fallback,), scores=scores, reasons=(reason,), is_fallback=True
            )
        scores = {name: hits.get(name, 0) / total for name in sorted(candidates)}
        reason = f"{hits[best]} keywords of {best!r}"
        return Route(chosen=(best,), scores=scores, category=best, reasons=(reason,))


def learn_keywords(
    questions: Sequence[Question], *, fallback: str, num_words: int = 12
) -> KeywordRouter:
    """The words that stand out most in each skill's questions, by weighted log odds.

    Args:
        questions: labelled questions.
        fallback: expert for prompts without a keyword.
        num_words: words kept for each skill.
    """
    counts: dict[str, Counter[str]] = {}
    for question in questions:
        words = set(_WORD.findall(question.text.lower()))
        counts.setdefault(question.skill, Counter()).update(words)
    total = sum(counts.values(), Counter[str]())
    telling = {
        skill: frozenset(_most_telling(own, total - own, num_words=num_words))
        for skill, own in counts.items()
    }
    return KeywordRouter(words_by_skill=telling, fallback=fallback)


def telling_words(
    texts: Sequence[str], others: Sequence[str], *, num_words: int
) -> tuple[str, ...]:
    """The words by which `texts` stand out most from `others`, best first."""
    own, rest = (
        Counter(word for text in part for word in set(_WORD.findall(text.lower())))
        for part in (texts, others)
    )
    more = Counter({word: n for word, n in own.items() if n > rest[word]})
    return _most_telling(more, rest, num_words=num_words)


def _most_telling(own: Counter[str], rest: Counter[str], *, num_words: int) -> tuple[str, ...]:
    weight = {word: n * math.log((n + 1) / (rest[word] + 1)) for word, n in own.items()}
    return tuple(sorted(weight, key=lambda word: (-weight[word], word))[:num_words])
