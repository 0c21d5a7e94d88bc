"""Recruits experts by the skills of a question; the skills are given, nothing is generated here.

Source: Symbolic-MoE, Chen 2025, arXiv:2503.05641. We differ: `top_k` is deterministic and goes by
accuracies shrunk toward what expert and skill let expect, because sampling by +1/-1 sends
questions to experts that were lucky twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from . import recruiting
from .base import Route, RouterError
from .embeddings import Embedder, Embeddings
from .profiles import Profiles

Mode = Literal["paper", "released", "top_k"]
_MAX_SKILL_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestSkill:
    """Maps a skill that no profile knows to the known one that is nearest in meaning."""

    skills: tuple[str, ...]
    #: Shape [n_skills, dim], rows of unit norm.
    vectors: Embeddings
    embedder: Embedder

    @classmethod
    def of(cls, skills: Sequence[str], embedder: Embedder) -> NearestSkill:
        """For the skills of a profile."""
        return cls(skills=tuple(skills), vectors=embedder.embed(list(skills)), embedder=embedder)

    def known(self, skill: str) -> str | None:
        """`skill` itself, or the nearest known one; None where no word of it is known."""
        if skill in self.skills:
            return skill
        # A skill is a few words; lone surrogates are no text that an embedder takes.
        text = skill[:_MAX_SKILL_CHARS].encode("utf-8", "replace").decode("utf-8")
        near = self.vectors @ self.embedder.embed([text])[0]
        return self.skills[int(near.argmax())] if near.any() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recruiting:
    """How many experts a question gets, and how they are chosen."""

    mode: Mode = "top_k"
    #: Slots a question; the most that `probability` may take.
    k: int = 3
    #: In `top_k`: recruit only as many as reach this chance of a right vote. None: k.
    probability: float | None = None
    #: Answers a question may have; 10 stands for open answers.
    num_options: int = 10
    #: In `paper`: experts with a smaller share of a batch's slots are replaced.
    trim_share: float = recruiting.TRIM_SHARE

    def __post_init__(self) -> None:
        if self.k < 1 or self.num_options < 2 or not 0 <= self.trim_share < 1:
            raise RouterError(
                f"recruiting needs k of 1 or more, 2 options or more and a trim share under 1; "
                f"found k={self.k}, num_options={self.num_options}, trim_share={self.trim_share}"
            )
        if self.probability is not None and not 0 < self.probability <= 1:
            raise RouterError(f"probability is {self.probability}; it lies over 0, up to 1")
        if self.probability is not None and self.mode != "top_k":
            raise RouterError(f"mode {self.mode!r} recruits k; leave probability out or use top_k")


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillRouter:
    """Skills of a question -> the experts that answer it."""

    version: str
    profiles: Profiles
    prior_count: float
    rule: Recruiting = field(default_factory=Recruiting)
    #: None: an unseen skill says nothing about the question.
    nearest: NearestSkill | None = None

    def recruit(
        self,
        skills: Sequence[Collection[str]],
        candidates: Collection[str],
        *,
        seeds: Sequence[int] = (),
    ) -> list[Route]:
        """One route a question, in order; `chosen` are those who answer, best first.

        Shares are taken over the candidates alone, so that who is excluded leaves no gap.

        Args:
            skills: of each question; those unknown are mapped to the nearest known one.
            candidates: experts that may be chosen.
            seeds: of each question's draws; needed by `paper` and `released`.

        Raises:
            RouterError: no candidate has a profile.
        """
        if not skills:
            return []
        pool = self.profiles.of(candidates)
        read = [self._read(own) for own in skills]
        rows = [[pool.skills.index(name) for name, _ in own] for own in read]
        expected = expected_accuracy(pool, rows, prior_count=self.prior_count)
        if self.rule.mode == "top_k":
            slots, trimmed = self._best(expected), ""
        else:
            slots, trimmed = self._drawn(pool, rows, seeds)
        return [
            Route(
                chosen=tuple(pool.experts[i] for i in columns),
                scores=dict(zip(pool.experts, map(float, expected[row]), strict=True)),
                category=read[row][0][0] if read[row] else None,
                reasons=tuple(
                    why
                    for why in (*(why for _, why in read[row]), trimmed, self._reason(columns))
                    if why
                ),
                is_fallback=not read[row],
            )
            for row, columns in enumerate(slots)
        ]

    def _read(self, skills: Collection[str]) -> list[tuple[str, str]]:
        """Known skills and how each was found; a set is read in the order of the alphabet."""
        found = []
        for skill in sorted(set(skills)):
            if skill in self.profiles.skills:
                found.append((skill, f"skill {skill!r} is known"))
            elif self.nearest and (known := self.nearest.known(skill)):
                found.append((known, f"skill {skill!r} is nearest to {known!r}"))
        return found

    def _drawn(
        self, pool: Profiles, rows: Sequence[Sequence[int]], seeds: Sequence[int]
    ) -> tuple[list[list[int]], str]:
        rule = self.rule
        if len(seeds) != len(rows):
            raise RouterError(
                f"mode {rule.mode!r} draws: {len(rows)} questions need as many seeds, "
                f"found {len(seeds)}"
            )
        suited = recruiting.suitability(pool, rows)
        if rule.mode == "released":
            shares = recruiting.released_shares(pool, suited)
            return recruiting.draw(shares, k=rule.k, seeds=seeds).tolist(), ""
        shares = recruiting.paper_shares(recruiting.competency(pool) * suited)
        # Of one question alone nobody can be rarely used.
        share = rule.trim_share if len(rows) > 1 else 0.0
        slots, rare = recruiting.draw_trimmed(shares, k=rule.k, seeds=seeds, trim_share=share)
        names = [pool.experts[i] for i in rare]
        return slots.tolist(), f"rarely used and replaced: {names}" if names else ""

    def _best(self, expected: recruiting.Scores) -> list[list[int]]:
        rule, k = self.rule, min(self.rule.k, expected.shape[1])
        ordered: list[list[int]] = recruiting.best(expected, k=k).tolist()
        if rule.probability is None:
            return ordered
        counts = recruiting.smallest_k(
            expected, probability=rule.probability, max_k=k, num_options=rule.num_options
        )
        return [columns[:count] for columns, count in zip(ordered, counts.tolist(), strict=True)]

    def _reason(self, columns: Sequence[int]) -> str:
        rule = self.rule
        if rule.probability is None:
            return f"mode {rule.mode!r}: {len(columns)} slots"
        return f"{len(columns)} experts for a chance of {rule.probability} of a right vote"


def expected_accuracy(
    profiles: Profiles, skills: Sequence[Sequence[int]], *, prior_count: float
) -> recruiting.Scores:
    """What each expert is expected to reach on each question, shape [n_questions, n_experts].

    The mean of its shrunken accuracies on the question's skills; overall where it has none.
    """
    table, overall = profiles.accuracy(prior_count=prior_count), profiles.overall()
    rows = [table[list(own)].mean(axis=0) if len(own) else overall for own in skills]
    return np.array(rows).reshape(len(skills), len(profiles.experts))
