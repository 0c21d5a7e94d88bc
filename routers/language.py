"""Chooses by the language of a prompt, else by its family, else leaves it to another.

Source: language-family experts, arXiv:2410.10626. Its experts are layers of one model, chosen by
token; here whole experts are chosen by prompt, and a family may also be sure where the language
is not: Galician or Portuguese, Romance either way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from .base import Prompts, Route, Router, RouterError
from .detection import Detector
from .languages import FAMILY_BY_LANGUAGE
from .targets import Target, reached


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageRouter:
    """Looks for the language first, then for its family."""

    version: str
    detector: Detector
    #: ISO 639 code -> where its prompts go.
    languages: Mapping[str, Target]
    #: Family of `routers.languages` -> where prompts of its other languages go.
    families: Mapping[str, Target]
    otherwise: Target
    #: Probability from which a language or a family is taken at its word, over 0 to 1.
    min_confidence: float
    #: Every router that a target names.
    routers: Mapping[str, Router]

    @property
    def is_slow(self) -> bool:
        """Whether one of the routers takes over a few milliseconds."""
        return any(router.is_slow for router in self.routers.values())

    def route(self, prompts: Prompts) -> list[Route]:
        """One route per text, in order; its category is the language where that is sure.

        Raises:
            RouterError: neither language, family nor the rest lead to a candidate.
        """
        return [
            self._route(prompts.only([number]), self.detector.probabilities(text))
            for number, text in enumerate(prompts.texts)
        ]

    def _route(self, prompt: Prompts, shares: Mapping[str, float]) -> Route:
        reasons: list[str] = []
        scores = self._scores(shares, prompt.candidates)
        for target, language in self._ways(shares, reasons):
            route = reached(target, prompt, self.routers, reasons)
            if route is not None:
                is_last = target is self.otherwise and target.expert is not None
                return replace(
                    route,
                    scores=route.scores if target.router else {**route.scores, **scores},
                    category=route.category or language,
                    reasons=(*reasons, *route.reasons),
                    is_fallback=route.is_fallback or is_last,
                )
        raise RouterError("; ".join(reasons))

    def _ways(
        self, shares: Mapping[str, float], reasons: list[str]
    ) -> Iterator[tuple[Target, str | None]]:
        """Where the prompt may go, best first, with its language where that is sure."""
        language, share = max(shares.items(), key=lambda one: one[1], default=(None, 0.0))
        sure = language if share >= self.min_confidence else None
        if sure is not None:
            reasons.append(f"language {sure!r} ({share:.0%})")
            if sure in self.languages:
                yield self.languages[sure], sure
        family, together = self._family(shares)
        if family is not None and together >= self.min_confidence:
            reasons.append(f"language family {family!r} ({together:.0%})")
            if family in self.families:
                yield self.families[family], sure
        if sure is None and language is not None:
            least = f"{self.min_confidence:.0%}"
            reasons.append(f"unsure: likeliest language {language!r} ({share:.0%}), under {least}")
        elif language is None:
            reasons.append("the prompt holds no letters")
        reasons.append("neither language nor family decides")
        yield self.otherwise, sure

    def _family(self, shares: Mapping[str, float]) -> tuple[str | None, float]:
        sums: dict[str, float] = {}
        for language, share in shares.items():
            if (family := FAMILY_BY_LANGUAGE.get(language)) is not None:
                sums[family] = sums.get(family, 0.0) + share
        return max(sums.items(), key=lambda one: one[1], default=(None, 0.0))

    def _scores(self, shares: Mapping[str, float], candidates: frozenset[str]) -> dict[str, float]:
        """Probability that a prompt is in a language of each expert that this router names."""
        every = (*self.languages.values(), *self.families.values(), self.otherwise)
        scores = {one.expert: 0.0 for one in every if one.expert in candidates}
        for language, share in shares.items():
            family = FAMILY_BY_LANGUAGE.get(language, "")
            target = self.languages.get(language) or self.families.get(family) or self.otherwise
            if target.expert in scores:
                scores[target.expert] += share
        return {name: min(1.0, score) for name, score in scores.items() if name is not None}
