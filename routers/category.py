"""Chooses an expert by the category of the prompt; unsure prompts go to a general expert.

Source: Composition of Experts, Jain 2024, arXiv:2412.01868. We differ: a linear head or the
nearest labelled prompts, on a static embedding and hashed grams, in place of nearest neighbours on
a 7 B embedder, because one decision has to cost about a millisecond on a CPU.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .base import Prompts, Route, RouterError
from .embeddings import Embedder
from .features import Head, TextFeatures, normalised_entropy
from .feedback import Tally
from .mapping import Quality
from .window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRouter:
    """Prompt -> category -> expert."""

    #: First 12 digits of the hash of the artifact.
    version: str
    window: Window
    features: TextFeatures
    head: Head
    quality: Quality
    #: Entropy above which a prompt counts as unsure, in [0, 1].
    tau: float
    #: Expert for unsure prompts.
    fallback: str

    @property
    def is_slow(self) -> bool:
        """Whether the embedder takes over a few milliseconds."""
        return self.features.embedder.is_slow

    @property
    def embedder(self) -> Embedder:
        """What it reads prompts by."""
        return self.features.embedder

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape [n_texts, n_categories], in the order of `quality.categories`."""
        views = [self.window.views(text) for text in texts]
        flat = self.head.probabilities(self.features.of([view for own in views for view in own]))
        counts = np.array([len(own) for own in views])
        if len(flat) == len(counts):
            return flat
        # The view that says most clearly what is asked speaks for its text.
        owners = np.repeat(np.arange(len(counts)), counts)
        order = np.lexsort((normalised_entropy(flat), owners))
        return np.asarray(flat[order[np.cumsum(counts) - counts]])

    def route(self, prompts: Prompts) -> list[Route]:
        """One route per text, in order.

        Raises:
            RouterError: There is no candidate.
        """
        if not prompts.candidates:
            raise RouterError("no candidate is left to choose from; name at least one expert")
        if not prompts.texts:
            return []
        probabilities = self.probabilities(prompts.texts)
        entropies = normalised_entropy(probabilities).tolist()
        scores = (probabilities @ self.quality.table).tolist()
        best = probabilities.argmax(axis=1).tolist()
        return [
            self._choose(
                _Read(
                    category=self.quality.categories[top],
                    share=float(probabilities[row, top]),
                    entropy=entropy,
                    quality=self.quality.table[top],
                    is_blank=self.window.is_blank(text),
                ),
                scores=self._candidate_scores(line, entropy, prompts.candidates),
            )
            for row, (text, top, entropy, line) in enumerate(
                zip(prompts.texts, best, entropies, scores, strict=True)
            )
        ]

    def corrected(self, tally: Tally) -> CategoryRouter:
        """With what callers said counted beside what was measured, category by category."""
        if not tally.version:
            return self
        version = f"{self.version}~{tally.version}"
        return replace(self, version=version, quality=self.quality.corrected(tally))

    def _candidate_scores(
        self, line: list[float], entropy: float, candidates: frozenset[str]
    ) -> dict[str, float]:
        """Expected quality of each candidate; what was never measured scores what is unsure."""
        known = dict(zip(self.quality.experts, line, strict=True))
        known.setdefault(self.fallback, entropy)
        return {name: min(1.0, known.get(name, 0.0)) for name in sorted(candidates)}

    def _choose(self, read: _Read, *, scores: Mapping[str, float]) -> Route:
        is_unsure = read.is_blank or read.entropy > self.tau
        wanted = self.fallback if is_unsure else self._expert_of(read)
        reasons = [self._reason(read, wanted, is_unsure=is_unsure)]
        chosen = wanted
        if wanted not in scores:
            chosen = self._substitute(read, scores, is_unsure=is_unsure)
            reasons.append(f"expert {wanted!r} is not a candidate; {chosen!r} is the best that is")
        return Route(
            chosen=(chosen,),
            scores=scores,
            category=None if read.is_blank else read.category,
            entropy=1.0 if read.is_blank else read.entropy,
            reasons=tuple(reasons),
            is_fallback=is_unsure,
        )

    def _expert_of(self, read: _Read) -> str:
        assigned = self.quality.assigned.get(read.category)
        return assigned or self.quality.experts[int(read.quality.argmax())]

    def _substitute(self, read: _Read, scores: Mapping[str, float], *, is_unsure: bool) -> str:
        """The candidate measured best on the category, else the fallback, else the best score."""
        measured = {
            name: float(value)
            for name, value in zip(self.quality.experts, read.quality, strict=True)
            if name in scores and value > 0
        }
        if measured and not is_unsure:
            return max(measured, key=measured.__getitem__)
        return self.fallback if self.fallback in scores else max(scores, key=scores.__getitem__)

    def _reason(self, read: _Read, wanted: str, *, is_unsure: bool) -> str:
        if read.is_blank:
            return f"the prompt has neither letter nor digit: the general expert {wanted!r}"
        if is_unsure:
            return (
                f"unsure: entropy {read.entropy:.2f} is over {self.tau:.2f} "
                f"(nearest category {read.category!r}): the general expert {wanted!r}"
            )
        return (
            f"category {read.category!r} ({read.share:.0%}, entropy {read.entropy:.2f}): "
            f"its expert is {wanted!r}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What the head says of one prompt."""

    category: str
    share: float
    entropy: float
    #: Shape [n_experts]; each expert's quality on `category`.
    quality: NDArray[np.float32]
    is_blank: bool
