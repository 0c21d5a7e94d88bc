"""Chooses the experts of a question by its skills, where somebody has named them.

Source: Symbolic-MoE, Chen 2025, arXiv:2503.05641. We differ: nothing is generated here. Skills come
with the request, from an earlier naming, or by likeness of questions; where none of these has them
the route says that a model would have to name them first, and the general expert answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .base import Prompts, Route, RouterError, Traits
from .clusters import Clusters
from .embeddings import Embedder
from .feedback import Tally
from .recruiter import Recruiter
from .skill_cache import SkillCache


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillRouter:
    """Question -> skills -> experts."""

    #: First 12 digits of the hash of the artifact.
    version: str
    recruiter: Recruiter
    #: Expert for questions whose skills are not known.
    fallback: str
    #: What models have named; shared, filled by whoever asks them.
    named: SkillCache = field(default_factory=SkillCache, repr=False)
    #: Where skills are clusters of questions: read from the question itself. `None`: named ones.
    clusters: Clusters | None = None
    #: Who merges answers best, where that was tested.
    aggregator: str | None = None

    @property
    def is_slow(self) -> bool:
        """Whether the embedder takes over a few milliseconds."""
        readers = (self.recruiter.nearest, self.clusters)
        return any(reader.embedder.is_slow for reader in readers if reader is not None)

    @property
    def embedder(self) -> Embedder | None:
        """What it reads by; `None` where every skill is told by its name."""
        readers = (self.clusters, self.recruiter.nearest)
        return next((reader.embedder for reader in readers if reader is not None), None)

    def route(self, prompts: Prompts) -> list[Route]:
        """One route per text, in order.

        Raises:
            RouterError: there is no candidate.
        """
        if not prompts.candidates:
            raise RouterError("no candidate is left to choose from; name at least one expert")
        skills = [self._skills_of(text, traits) for text, traits in prompts.each()]
        if not self.recruiter.is_measured(prompts.candidates):
            return [self._unmeasured(prompts.candidates) for _ in skills]
        known = [row for row, own in enumerate(skills) if own is not None]
        seeds = [abs(traits.seed) for _, traits in prompts.each()]
        recruited = self.recruiter.recruit(
            [own for own in skills if own is not None],
            prompts.candidates,
            seeds=[seeds[row] for row in known],
        )
        found = dict(zip(known, recruited, strict=True))
        served = (self._served(found.get(row), prompts.candidates) for row in range(len(skills)))
        return [replace(route, aggregator=self.aggregator) for route in served]

    def corrected(self, tally: Tally) -> SkillRouter:
        """With what callers said counted beside what was measured, skill by skill."""
        if not tally.version:
            return self
        recruiter = self.recruiter
        return replace(
            self,
            version=f"{self.version}~{tally.version}",
            recruiter=replace(recruiter, profiles=recruiter.profiles.corrected(tally)),
        )

    def _skills_of(self, text: str, traits: Traits) -> tuple[str, ...] | None:
        if traits.skills is not None:
            return traits.skills
        found = self.named.skills_of(text, shut_out=traits.shut_out)
        if found is None and self.clusters is not None:
            return self.clusters.of(text)
        return found

    def _served(self, found: Route | None, candidates: frozenset[str]) -> Route:
        if found is not None and not found.is_fallback:
            unknown = dict.fromkeys(sorted(candidates - set(found.scores)), 0.0)
            return replace(found, scores={**found.scores, **unknown})
        scores = self._unsure_scores(candidates)
        chosen, reasons = self._general(scores)
        if found is None:
            why = "nobody has named the skills of this question: a model would have to"
        else:
            why = "no skill of this question is known"
        return Route(
            chosen=(chosen,),
            scores=scores,
            reasons=(f"{why}; the general expert {self.fallback!r} answers", *reasons),
            is_fallback=True,
            needs_generation=found is None,
        )

    def _unsure_scores(self, candidates: frozenset[str]) -> dict[str, float]:
        """Overall accuracies; a general expert nobody measured is taken for as good as the best."""
        scores = self.recruiter.overall(candidates)
        if self.fallback in candidates:
            scores.setdefault(self.fallback, max(scores.values()))
        return dict.fromkeys(sorted(candidates), 0.0) | scores

    def _general(self, scores: Mapping[str, float]) -> tuple[str, tuple[str, ...]]:
        if self.fallback in scores:
            return self.fallback, ()
        best = max(scores, key=scores.__getitem__)
        return best, (f"expert {self.fallback!r} is not a candidate; {best!r} is the best that is",)

    def _unmeasured(self, candidates: frozenset[str]) -> Route:
        scores = dict.fromkeys(sorted(candidates), 0.0)
        chosen, reasons = self._general(scores)
        measured = sorted(self.recruiter.profiles.experts)
        return Route(
            chosen=(chosen,),
            scores=scores,
            reasons=(f"no candidate was measured, only {measured}", *reasons),
            is_fallback=True,
        )
