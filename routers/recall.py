"""Answers what is known without an expert; another router chooses for all else.

Source: AdaMoE, Zeng 2024, arXiv:2406.13233: null experts, an easy request may use none. Ours: the
null expert says an answer that is known of the same question, or of one so much alike that answers
are the same as often as the operator asks for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .base import Prompts, Route, Router, Traits
from .overlap import Overlap

#: More known questions are refused: each decision compares with those that share a word.
MAX_KNOWN = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A question whose answer is known."""

    question: str
    answer: str
    #: Experts that agreed on it; empty where the data set says it.
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A known question for a prompt."""

    known: Answer
    #: 1.0 for the same words in the same order.
    likeness: float
    is_repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Known questions, and what is like them."""

    answers: Sequence[Answer]
    number_by_text: Mapping[str, int]
    overlap: Overlap

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> Memory:
        """Of these; the first of two that are written alike counts."""
        numbers: dict[str, int] = {}
        for number, one in enumerate(answers):
            numbers.setdefault(verbatim(one.question), number)
        return cls(
            answers=answers,
            number_by_text=numbers,
            overlap=Overlap.of([one.question for one in answers]),
        )

    def find(self, text: str, *, least: float | None) -> Found | None:
        """The known question that is the same or so much like it; `None`: repeats only."""
        repeated = self.number_by_text.get(verbatim(text))
        if repeated is not None:
            return Found(known=self.answers[repeated], likeness=1.0, is_repeat=True)
        if least is None:
            return None
        best, likeness = self.overlap.most_alike(text)
        if likeness < least:
            return None
        return Found(known=self.answers[best], likeness=likeness, is_repeat=False)


def verbatim(text: str) -> str:
    """`text` but for its spaces: case and marks may change what is asked."""
    return " ".join(text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallRouter:
    """Known questions have their answer in the route; another router chooses for all.

    The choice stands beside a known answer, so that who must not take it can ask the expert.
    """

    #: First 12 digits of the hash of the artifact.
    fitted: str
    memory: Memory
    #: Likeness from which a question counts as known; `None`: only repeats do.
    least_likeness: float | None
    then: Router

    @property
    def version(self) -> str:
        """Versions of the known answers and of the other router."""
        return f"{self.fitted}+{self.then.version}"

    @property
    def is_slow(self) -> bool:
        """Whether the other router takes over a few milliseconds."""
        return self.then.is_slow

    def route(self, prompts: Prompts) -> list[Route]:
        """One route per text, in order.

        Raises:
            RouterError: no candidate is left to choose from.
        """
        routes = self.then.route(prompts)
        return [
            self._recalled(text, traits, route, prompts.candidates)
            for (text, traits), route in zip(prompts.each(), routes, strict=True)
        ]

    def _recalled(
        self, text: str, traits: Traits, route: Route, candidates: frozenset[str]
    ) -> Route:
        if not traits.may_recall:
            return route
        found = self.memory.find(text, least=self.least_likeness)
        if found is None:
            return route
        # Who is left out of a request is left out of what it remembers.
        if found.known.sources and not candidates.intersection(found.known.sources):
            reason = f"known answers of {list(found.known.sources)} are not allowed here"
            return replace(route, reasons=(*route.reasons, reason))
        return replace(route, answer=found.known.answer, reasons=(_reason(found), *route.reasons))


def _reason(found: Found) -> str:
    said = f", agreed by {list(found.known.sources)}" if found.known.sources else ""
    if found.is_repeat:
        return f"the question is known{said}: no expert is asked"
    return (
        f"like the known question {found.known.question[:80]!r} at {found.likeness:.2f}{said}: "
        "no expert is asked"
    )
