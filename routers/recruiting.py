"""Which experts answer a question together: arithmetic on scores, one row a question.

Source: Symbolic-MoE, Chen 2025, arXiv:2503.05641, paper and released code; the smallest k after
Huang 2024, arXiv:2403.07652, whose shares of a gate are chances of a right vote here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .base import RouterError
from .profiles import Profiles
from .votes import chances

#: Shape [n_questions, n_experts].
Scores: TypeAlias = NDArray[np.float64]
#: Shape [n_questions, k]: columns of experts, best first; an expert may stand twice.
Recruits: TypeAlias = NDArray[np.int64]

TEMPERATURE = 0.5
#: An expert with a smaller share of all slots is trimmed.
TRIM_SHARE = 0.05


def competency(profiles: Profiles) -> NDArray[np.float64]:
    """Each expert's share of what the pool's profiles hold: shape [n_experts], sums to one.

    We differ: totals under zero count as zero. As defined, a pool that is wrong more often than
    right would have a total under zero, and its worst expert the largest share.
    """
    totals = np.maximum(profiles.signed().sum(axis=0), 0.0)
    if not totals.any():
        return np.full(len(profiles.experts), 1 / len(profiles.experts))
    return np.asarray(totals / totals.sum())


def suitability(profiles: Profiles, skills: Sequence[Sequence[int]]) -> Scores:
    """The paper's S: the sum of +1/-1 over a question's skills.

    Args:
        profiles: counts of the pool.
        skills: rows of `profiles`, of each question.
    """
    signed = profiles.signed()
    return np.stack([signed[list(rows)].sum(axis=0) for rows in skills])


def paper_shares(relevance: Scores, *, temperature: float = TEMPERATURE) -> Scores:
    """Chances with which an expert takes a slot, as the paper draws them: a softmax."""
    powers = np.exp((relevance - relevance.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def released_shares(profiles: Profiles, suited: Scores) -> Scores:
    """Chances as the released code has them: competency squared times S, where S is over zero.

    A question that suits nobody is anybody's.
    """
    weights = competency(profiles) ** 2 * np.maximum(suited, 0.0)
    totals = weights.sum(axis=1, keepdims=True)
    equal = 1 / weights.shape[1]
    return np.where(totals > 0, weights / np.where(totals > 0, totals, 1.0), equal)


def draw(shares: Scores, *, k: int, seeds: Sequence[int]) -> Recruits:
    """Slots of each question, drawn with replacement, the likeliest first.

    Args:
        shares: rows sum to one.
        k: slots a question.
        seeds: of each question; the same seed and shares draw the same experts in any batch.
    """
    rows = []
    for share, seed in zip(shares, seeds, strict=True):
        drawn = np.random.default_rng(seed).choice(len(share), size=k, p=share)
        rows.append(drawn[np.argsort(-share[drawn], kind="stable")])
    return np.array(rows, dtype=np.int64).reshape(len(shares), k)


def usage(slots: Recruits, *, num_experts: int) -> NDArray[np.float64]:
    """Each expert's share of the slots of a batch: shape [num_experts]."""
    return np.bincount(slots.ravel(), minlength=num_experts) / max(slots.size, 1)


def standing_usage(profiles: Profiles) -> NDArray[np.float64]:
    """Each expert's share of the slots that the paper would fill for the questions of `profiles`.

    What a batch is to the paper, all questions that were ever counted are to a service: who is
    rarely used does not hang on who asks just now, and every replica says the same. Each skill is
    drawn for alone, and weighs as often as it was asked. Shape [n_experts], sums to one.
    """
    relevance = competency(profiles) * profiles.signed()
    weights = profiles.asked.sum(axis=1)
    return np.asarray(weights @ paper_shares(relevance) / max(weights.sum(), 1.0))


def trimmed(
    shares: Scores,
    slots: Recruits,
    *,
    used: NDArray[np.float64],
    seeds: Sequence[int],
    trim_share: float = TRIM_SHARE,
) -> tuple[Recruits, NDArray[np.int64]]:
    """`slots`, where those of experts that are rarely used are drawn anew among the others.

    Args:
        shares: that `slots` were drawn by.
        slots: of each question.
        used: each expert's share of all slots, shape [n_experts].
        seeds: of each question.
        trim_share: a smaller share is too small.

    Returns:
        Slots, and the columns of those who were trimmed; none where nobody has enough.
    """
    rare = np.flatnonzero(used < trim_share)
    if len(rare) in (0, shares.shape[1]):
        return slots, np.empty(0, dtype=np.int64)
    kept = shares.copy()
    kept[:, rare] = 0
    totals = kept.sum(axis=1, keepdims=True)
    common = np.where(used < trim_share, 0.0, used)
    kept = np.where(totals > 0, kept / np.where(totals > 0, totals, 1.0), common / common.sum())
    anew = draw(kept, k=slots.shape[1], seeds=[seed + 1 for seed in seeds])
    return np.where(np.isin(slots, rare), anew, slots), rare


def best(scores: Scores, *, k: int) -> Recruits:
    """The k experts with the highest scores; the first column wins a tie.

    Raises:
        RouterError: k is not in 1 to the number of experts.
    """
    if not 1 <= k <= scores.shape[1]:
        raise RouterError(f"k is {k}; there are {scores.shape[1]} experts to recruit from")
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def smallest_k(
    accuracies: Scores, *, probability: float, max_k: int, num_options: int = 10
) -> NDArray[np.int64]:
    """How many of the best experts each question needs until a vote is right with `probability`.

    The chance is that of `votes.chances`: experts that err independently, wrong answers spread
    evenly. A question that does not reach it gets `max_k`: harder tasks need more experts.

    Args:
        accuracies: what each expert is expected to reach on each question.
        probability: of a right vote, as the model has it.
        max_k: at most so many.
        num_options: answers a question may have.

    Returns:
        Shape [n_questions], in 1 to max_k.
    """
    ordered = np.take_along_axis(accuracies, best(accuracies, k=max_k), axis=1)
    reached = chances(ordered, num_options=num_options) >= probability
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, max_k)


def fitted_probability(
    accuracies: Scores, right_by_k: Scores, *, as_good_as: int, num_options: int = 10
) -> float:
    """The least `probability` for `smallest_k` whose votes are as good as those of a fixed k.

    As good is: right no more than one standard error of the difference less often, the rule by
    which the simplest of equals is taken; more would buy noise with calls.

    Args:
        accuracies: expected, of labelled questions that they were not fitted on.
        right_by_k: shape [n_questions, max_k]; whether the vote of the best k was right.
        as_good_as: the k to compare with.
        num_options: answers a question may have.

    Returns:
        A probability in (0, 1]; 1.0 where no smaller one is as good.
    """
    max_k = right_by_k.shape[1]
    rows = np.arange(len(right_by_k))
    for probability in (percent / 100 for percent in range(30, 100)):
        k = smallest_k(accuracies, probability=probability, max_k=max_k, num_options=num_options)
        gain = right_by_k[rows, k - 1] - right_by_k[:, as_good_as - 1]
        if gain.mean() >= -gain.std() / np.sqrt(len(gain)):
            return probability
    return 1.0
