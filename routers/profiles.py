"""What each expert is good at: questions asked and answered right, by skill.

Counts are kept, nothing derived from them: the paper's +1/-1 and a shrunken accuracy both follow,
and counts of different owners add up without anyone showing their questions.
Source: Symbolic-MoE, Chen 2025, arXiv:2503.05641, for profiles; FlexOlmo, arXiv:2507.07024, for
parts that join without joint training.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .base import RouterError
from .feedback import Tally

Counts = NDArray[np.float64]

#: Strengths of shrinkage that are tried: how many questions the expectation counts for.
PRIOR_COUNTS = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
_EDGE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Counts of a pool of experts."""

    experts: tuple[str, ...]
    skills: tuple[str, ...]
    #: Shape [n_skills, n_experts]; a question of several skills counts for each.
    asked: Counts
    #: Shape [n_skills, n_experts].
    right: Counts
    #: Shape [n_experts]; here a question counts once.
    asked_overall: Counts
    #: Shape [n_experts].
    right_overall: Counts
    #: Expert -> hashes of the data it was measured on.
    sources: Mapping[str, tuple[str, ...]]

    def signed(self) -> Counts:
        """The paper's profile, +1 for right and -1 for wrong: shape [n_skills, n_experts]."""
        return 2 * self.right - self.asked

    def accuracy(self, *, prior_count: float) -> Counts:
        """Accuracy on each skill, shrunk to what skill and expert together let expect.

        An expectation is the pool's accuracy on the skill and how far the expert is above the pool
        where both were asked, so that experts measured on easier questions gain nothing.

        Args:
            prior_count: how many questions the expectation counts for.

        Returns:
            Shape [n_skills, n_experts], in (0, 1).
        """
        expected = self._expected(prior_count)
        found = (self.right + prior_count * expected) / (self.asked + prior_count)
        return np.asarray(np.clip(found, _EDGE, 1 - _EDGE))

    def overall(self) -> Counts:
        """Accuracy over all questions, one success and one failure added: shape [n_experts]."""
        return (self.right_overall + 1) / (self.asked_overall + 2)

    def of(self, experts: Collection[str]) -> Profiles:
        """The counts of `experts` alone, in this order.

        Raises:
            RouterError: none of them was measured.
        """
        kept = [i for i, name in enumerate(self.experts) if name in experts]
        if not kept:
            raise RouterError(
                f"no candidate has a profile: {sorted(experts)}; measured: {sorted(self.experts)}"
            )
        names = tuple(self.experts[i] for i in kept)
        return Profiles(
            experts=names,
            skills=self.skills,
            asked=self.asked[:, kept],
            right=self.right[:, kept],
            asked_overall=self.asked_overall[kept],
            right_overall=self.right_overall[kept],
            sources={name: self.sources[name] for name in names},
        )

    def corrected(self, tally: Tally) -> Profiles:
        """With what callers said counted beside what was measured, within its bounds.

        Overall counts stay: what is said is said of a skill.
        """
        asked, right = tally.table(self.skills, self.experts, measured=self.asked)
        return replace(self, asked=self.asked + asked, right=self.right + right)

    def fitted_prior_count(self) -> float:
        """The strength of shrinkage under which each answer is best told from all others.

        Leaves one answer out of its cell, by counts alone, so that merged profiles need no data.
        """
        return max(PRIOR_COUNTS, key=self._left_out_likelihood)

    def _expected(self, prior_count: float) -> Counts:
        asked, right = self.asked.sum(axis=1), self.right.sum(axis=1)
        mean = right.sum() / max(asked.sum(), 1)
        by_skill = (right + prior_count * mean) / (asked + prior_count)
        surplus = self.right.sum(axis=0) - (self.asked * by_skill[:, None]).sum(axis=0)
        by_expert = surplus / (self.asked.sum(axis=0) + prior_count)
        return np.asarray(np.clip(by_skill[:, None] + by_expert, _EDGE, 1 - _EDGE))

    def _left_out_likelihood(self, prior_count: float) -> float:
        pull = prior_count * self._expected(prior_count)
        rest = np.maximum(self.asked - 1, 0) + prior_count
        p_right = np.where(self.right > 0, (self.right - 1 + pull) / rest, 1.0)
        wrong = self.asked - self.right
        p_wrong = np.where(wrong > 0, 1 - (self.right + pull) / rest, 1.0)
        logs = self.right * _log(p_right) + wrong * _log(p_wrong)
        return float(logs.sum())


def _log(p: Counts) -> Counts:
    return np.asarray(np.log(np.clip(p, _EDGE, 1.0)))


def count_answers(
    right: Counts,
    skills: Sequence[Collection[str]],
    *,
    experts: Sequence[str],
    data_sha256: str,
) -> Profiles:
    """Profiles from graded answers.

    Args:
        right: shape [n_questions, n_experts], in [0, 1]; NaN where an expert was not asked.
        skills: of each question; may be empty.
        experts: ids, in the order of the columns.
        data_sha256: hash of the questions and answers, to know them again.

    Raises:
        RouterError: shapes differ, an expert is named twice, or a grade is out of range.
    """
    right = np.asarray(right, dtype=np.float64)
    if right.shape != (len(skills), len(experts)) or len(set(experts)) != len(experts):
        raise RouterError(
            f"grades have shape {list(right.shape)}, but there are {len(skills)} questions and "
            f"{len(set(experts))} different experts in {list(experts)}"
        )
    bad = np.argwhere((right < 0) | (right > 1))
    if len(bad):
        row, column = bad[0]
        raise RouterError(
            f"row {row}: expert {experts[column]!r} has grade {right[row, column]}, not in 0 to 1"
        )
    was_asked = ~np.isnan(right)
    silent = [experts[i] for i in np.flatnonzero(was_asked.sum(axis=0) == 0)]
    if silent:
        raise RouterError(f"experts {silent} have no grade at all; ask them or leave them out")
    names = tuple(sorted({skill for own in skills for skill in own}))
    place = {name: i for i, name in enumerate(names)}
    member = np.zeros((len(names), len(skills)))
    for row, own in enumerate(skills):
        member[[place[skill] for skill in own], row] = 1
    graded = np.nan_to_num(right)
    return Profiles(
        experts=tuple(experts),
        skills=names,
        asked=member @ was_asked,
        right=member @ graded,
        asked_overall=was_asked.sum(axis=0),
        right_overall=graded.sum(axis=0),
        sources=dict.fromkeys(experts, (data_sha256,)),
    )


def merge(parts: Sequence[Profiles]) -> Profiles:
    """Profiles fitted apart, by different owners, as one; only counts change hands.

    Raises:
        RouterError: there is no part; an expert was measured twice on the same data.
    """
    if not parts:
        raise RouterError("a merge needs the profiles of one owner or more")
    experts = tuple(dict.fromkeys(name for part in parts for name in part.experts))
    skills = tuple(sorted({name for part in parts for name in part.skills}))
    asked, right = np.zeros((2, len(skills), len(experts)))
    asked_overall, right_overall = np.zeros((2, len(experts)))
    for part in parts:
        columns = [experts.index(name) for name in part.experts]
        cells = np.ix_([skills.index(name) for name in part.skills], columns)
        asked[cells] += part.asked
        right[cells] += part.right
        asked_overall[columns] += part.asked_overall
        right_overall[columns] += part.right_overall
    return Profiles(
        experts=experts,
        skills=skills,
        asked=asked,
        right=right,
        asked_overall=asked_overall,
        right_overall=right_overall,
        sources={name: _sources(parts, name) for name in experts},
    )


def _sources(parts: Sequence[Profiles], expert: str) -> tuple[str, ...]:
    found = [source for part in parts for source in part.sources.get(expert, ())]
    twice = sorted({source for source in found if found.count(source) > 1})
    if twice:
        raise RouterError(
            f"expert {expert!r} was measured on data {twice[0][:12]!r} in more than one part; "
            "leave all but one of them out, or its answers count twice"
        )
    return tuple(found)
