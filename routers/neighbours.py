"""Chooses by what experts made of the known questions nearest to the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .base import Prompts, Route, RouterError
from .closest import Nearest, nearest
from .embeddings import Embedder, Embeddings
from .kernel import Kernel, Known, estimates
from .window import Window

#: What is read of a text, in fitting and serving alike.
WINDOW = Window(head=2000, tail=2000, lead=4000)
#: More reference questions are thinned out: a decision compares with all of them.
MAX_REFERENCES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighboursRouter:
    """Prompt -> nearest known questions -> expert."""

    #: First 12 digits of the hash of the artifact.
    version: str
    embedder: Embedder
    #: Shape [n_references, dim], rows of unit norm.
    references: Embeddings
    known: Known
    kernel: Kernel
    #: In the order of the columns of `known`.
    experts: tuple[str, ...]
    #: Cosine to the nearest known question under which a prompt is unlike all of them.
    least_cosine: float
    #: Expert for prompts that are unlike everything known; the best overall where `None`.
    fallback: str | None = None

    @property
    def is_slow(self) -> bool:
        """Whether the embedder takes over a few milliseconds."""
        return self.embedder.is_slow

    def route(self, prompts: Prompts) -> list[Route]:
        """One route per text, in order.

        Raises:
            RouterError: no candidate is left to choose from.
        """
        if not prompts.candidates:
            raise RouterError("no candidate is left to choose from; name at least one expert")
        if not prompts.texts:
            return []
        found = self.nearest(prompts.texts)
        told = estimates(found, self.known, self.kernel).tolist()
        closest = found.cosines.max(axis=1).tolist()
        return [
            self._choose(line, cosine, prompts.candidates)
            for line, cosine in zip(told, closest, strict=True)
        ]

    def nearest(self, texts: Sequence[str]) -> Nearest:
        """The known questions nearest to each text."""
        vectors = self.embedder.embed([WINDOW.cut(text) for text in texts])
        return nearest(vectors, self.references, k=self.kernel.k)

    def _choose(self, line: list[float], cosine: float, candidates: frozenset[str]) -> Route:
        """The candidate with the highest estimate; one that was never asked counts as the worst."""
        own = dict(zip(self.experts, line, strict=True))
        scores = {name: own.get(name, 0.0) for name in sorted(candidates)}
        best = max(scores, key=scores.__getitem__)
        if cosine >= self.least_cosine:
            return Route(
                chosen=(best,), scores=scores, reasons=(self._reason(best, scores[best], cosine),)
            )
        unlike = (
            f"the nearest known question is at {cosine:.2f}, under {self.least_cosine:.2f}: unlike "
            f"all {len(self.references)}"
        )
        chosen = self.fallback if self.fallback in scores else best
        return Route(
            chosen=(chosen or best,),
            scores=scores,
            reasons=(unlike, self._general(best, scores[best], chosen)),
            is_fallback=True,
        )

    def _general(self, best: str, score: float, chosen: str | None) -> str:
        if chosen == self.fallback:
            return f"the general expert {chosen!r} answers"
        which = "" if self.fallback is None else f"{self.fallback!r} is not a candidate; "
        return f"{which}{best!r} is expected to be best, at {score:.0%}"

    def _reason(self, best: str, score: float, cosine: float) -> str:
        k = min(self.kernel.k, len(self.references))
        overall = dict(zip(self.experts, self.known.overall.tolist(), strict=True)).get(best, 0.0)
        return (
            f"{k} known questions, the nearest at {cosine:.2f}, let {best!r} be right at "
            f"{score:.0%} ({overall:.0%} overall)"
        )
