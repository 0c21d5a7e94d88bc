"""Recruits experts by the skills of a question; the skills are given, nothing is generated here.

Source: Symbolic-MoE, Chen 2025, arXiv:2503.05641. We differ: `top_k` is deterministic and goes by
accuracies shrunk toward what expert and skill let expect, because sampling by +1/-1 sends
questions to experts that were lucky twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from . import recruiting
from .base import Route, RouterError
from .nearest_skill import NearestSkill
from .profiles import Counts, Profiles

Mode = Literal["paper", "released", "top_k"]
#: Against whom an expert is rarely used: the questions of one call, or all that a profile stands
#: for. A service routes one question at a time, where the first would trim nobody.
Trim = Literal["batch", "standing"]

#: More skills of one question are left aside.
MAX_SKILLS = 20
#: Sets of candidates whose counts are kept ready.
_MAX_POOLS = 32


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
    #: In `paper`: experts with a smaller share of the slots are replaced.
    trim_share: float = recruiting.TRIM_SHARE
    trim: Trim = "batch"

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


def plain(skill: str) -> str:
    """A skill as profiles name it: who names it may write it larger."""
    return " ".join(skill.split()).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """All that does not depend on the question, for one set of candidates."""

    profiles: Profiles
    row_by_skill: Mapping[str, int]
    #: Shape [n_skills, n_experts], shrunken.
    accuracy: Counts
    #: Shape [n_experts].
    overall: Counts

    @classmethod
    def of(cls, profiles: Profiles, *, prior_count: float) -> _Pool:
        """The pool of these profiles."""
        return cls(
            profiles=profiles,
            row_by_skill={name: row for row, name in enumerate(profiles.skills)},
            accuracy=profiles.accuracy(prior_count=prior_count),
            overall=profiles.overall(),
        )

    def expected(self, skills: Sequence[Sequence[int]]) -> recruiting.Scores:
        """Shape [n_questions, n_experts]; see `expected_accuracy`."""
        rows = [
            self.accuracy[list(own)].mean(axis=0) if len(own) else self.overall for own in skills
        ]
        return np.array(rows).reshape(len(skills), len(self.profiles.experts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recruiter:
    """Skills of a question -> the experts that answer it."""

    profiles: Profiles
    prior_count: float
    rule: Recruiting = field(default_factory=Recruiting)
    #: None: an unseen skill says nothing about the question.
    nearest: NearestSkill | None = None
    _pools: dict[frozenset[str], _Pool] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

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
            seeds: of each question's draws, 0 or more; needed by `paper` and `released`.

        Raises:
            RouterError: no candidate has a profile.
        """
        if not skills:
            return []
        pool = self._pool(frozenset(candidates))
        read = [self._read(own) for own in skills]
        rows = [[pool.row_by_skill[name] for name in names] for names, _ in read]
        expected = pool.expected(rows)
        if self.rule.mode == "top_k":
            slots, trimmed = self._best(expected), ""
        else:
            slots, trimmed = self._drawn(pool.profiles, rows, seeds)
        experts = pool.profiles.experts
        return [
            Route(
                chosen=tuple(experts[i] for i in columns),
                scores=dict(zip(experts, map(float, expected[row]), strict=True)),
                category=next(iter(read[row][0]), None),
                skills=tuple(dict.fromkeys(read[row][0])),
                reasons=tuple(
                    why for why in (*read[row][1], trimmed, self._reason(columns)) if why
                ),
                is_fallback=not read[row][0],
            )
            for row, columns in enumerate(slots)
        ]

    def is_measured(self, candidates: Collection[str]) -> bool:
        """Whether any of them has a profile."""
        return not frozenset(self.profiles.experts).isdisjoint(candidates)

    def overall(self, candidates: Collection[str]) -> dict[str, float]:
        """Accuracy of each candidate that was measured, over all questions.

        Raises:
            RouterError: no candidate has a profile.
        """
        pool = self._pool(frozenset(candidates))
        return dict(zip(pool.profiles.experts, map(float, pool.overall), strict=True))

    def _pool(self, candidates: frozenset[str]) -> _Pool:
        found = self._pools.get(candidates)
        if found is None:
            if len(self._pools) >= _MAX_POOLS:
                self._pools.clear()  # other threads keep those that they hold
            found = _Pool.of(self.profiles.of(candidates), prior_count=self.prior_count)
            self._pools[candidates] = found
        return found

    def _read(self, skills: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Known skills and how each was found; a set is read in the order of the alphabet."""
        every = sorted({plain(skill) for skill in skills} - {""})
        asked, num_more = every[:MAX_SKILLS], len(every) - MAX_SKILLS
        more = (f"{num_more} skills more than {MAX_SKILLS} are left aside",) if num_more > 0 else ()
        unknown = [it for it in asked if it not in self.profiles.skills]
        near = dict(zip(unknown, self.nearest.known(unknown), strict=True)) if self.nearest else {}
        found = [(it, near.get(it) if it in unknown else it) for it in asked]
        told = [
            f"skill {it!r} is " + ("known" if it == name else f"nearest to {name!r}")
            for it, name in found
            if name is not None
        ]
        return tuple(name for _, name in found if name is not None), (*told, *more)

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
        slots = recruiting.draw(shares, k=rule.k, seeds=seeds)
        if rule.trim == "batch" and len(rows) == 1:
            return slots.tolist(), ""  # of one question alone nobody can be rarely used
        used = (
            recruiting.usage(slots, num_experts=len(pool.experts))
            if rule.trim == "batch"
            else recruiting.standing_usage(pool)
        )
        slots, rare = recruiting.trimmed(
            shares, slots, used=used, seeds=seeds, trim_share=rule.trim_share
        )
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
    return _Pool.of(profiles, prior_count=prior_count).expected(skills)
