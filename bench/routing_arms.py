"""Ways to answer questions with recorded answers: each fitted on some, tried on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.answer_table import LETTERS, AnswerTable
from routers.consensus import consensus_grades
from routers.embeddings import Embedder
from routers.expected import Strengths, fit_expected, fitted_strengths, left_out
from routers.nearest_skill import NearestSkill
from routers.profiles import Profiles, count_answers
from routers.recruiter import Mode, Recruiter, Recruiting, expected_accuracy
from routers.recruiting import best, fitted_probability, smallest_k
from routers.reliability import Ballots, VoteWeights, fit_weights, unmoved

Flags = NDArray[np.float64]
Rows = NDArray[np.int64]

#: Fewer labels leave the weights of a vote as those of independent experts.
MIN_LABELS_OF_WEIGHTS = 1000
#: The smallest k may be so large.
MAX_K = 6

SINGLE, ONE_CALL = "best single", "one call, signals chosen on the labels"
VOTE, SMALLEST = "{} recruited and vote", "smallest k for p and vote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What became of the questions that were tried."""

    #: Shape [n]; 1 where the answer was right.
    right: Flags
    #: Shape [n]; models asked.
    calls: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One pool, and which questions it is fitted and tried on."""

    table: AnswerTable
    #: Kind of signals -> shape [n, n_signals], of every question.
    signals: Mapping[str, Flags]
    fit: Rows
    test: Rows
    #: Reads subjects that no label names as the nearest one that is named.
    embedder: Embedder

    @property
    def right(self) -> Flags:
        """Shape [n_fit, n_models]."""
        return self.table.right[self.fit]


def single_arms(trial: Trial) -> dict[str, Arm]:
    """What one model for all, chance, everybody and hindsight reach."""
    right = trial.table.right[trial.test]
    chosen = np.full(len(right), trial.right.mean(axis=0).argmax())
    everybody = best(np.tile(trial.right.mean(axis=0), (len(right), 1)), k=right.shape[1])
    return {
        "random": Arm(right=right.mean(axis=1), calls=np.ones(len(right))),
        SINGLE: _one_call(trial, chosen),
        "majority of all": plain_vote(trial, everybody),
        "oracle": Arm(right=right.max(axis=1), calls=np.full(len(right), right.shape[1])),
    }


def map_arms(trial: Trial) -> dict[str, Arm]:
    """One call, by the category or the subject of the question."""
    categories, subjects = trial.table.categories, trial.table.subjects
    arms = {}
    for name, labels in (("category", categories), ("subject", subjects)):
        profiles = _profiles(trial, labels)
        for kind, count in (("argmax", 1e-6), ("shrunken", profiles.fitted_prior_count())):
            table = expected_accuracy(profiles, _known(trial, labels, profiles), prior_count=count)
            arms[f"one call, {name} {kind}"] = _one_call(trial, table.argmax(axis=1))
    return arms


def unlabelled_arms(trial: Trial) -> dict[str, Arm]:
    """One call by the subject, learned from agreement alone; the data have no log-probabilities."""
    given = trial.table.answers[trial.fit]
    answers = [[str(one) if one >= 0 else None for one in row] for row in given.tolist()]
    grades = consensus_grades(answers, np.full(given.shape, 0.5))
    subjects = trial.table.subjects
    profiles = count_answers(
        grades,
        [[subjects[i]] for i in trial.fit],
        experts=trial.table.models,
        data_sha256="bench",
    )
    rows = _known(trial, subjects, profiles)
    table = expected_accuracy(profiles, rows, prior_count=profiles.fitted_prior_count())
    return {"one call, subject, without labels": _one_call(trial, table.argmax(axis=1))}


def symbolic_arms(trial: Trial, *, k: int = 3) -> dict[str, Arm]:
    """Symbolic-MoE with the subject as the skill; a plain vote in the place of its aggregator."""
    profiles = _profiles(trial, trial.table.subjects)
    modes: tuple[Mode, ...] = ("paper", "released", "top_k")
    arms = {}
    for mode in modes:
        router = Recruiter(
            profiles=profiles,
            prior_count=profiles.fitted_prior_count(),
            rule=Recruiting(mode=mode, k=k),
            nearest=NearestSkill.of(profiles.skills, trial.embedder),
        )
        skills = [[trial.table.subjects[i]] for i in trial.test]
        routes = router.recruit(skills, profiles.experts, seeds=trial.test.tolist())
        slots = np.array([[profiles.experts.index(name) for name in it.chosen] for it in routes])
        arms[f"symbolic-moe {mode}, {k} and vote"] = plain_vote(trial, slots)
    return arms


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen on the labels."""

    signals: str
    strengths: Strengths
    probability: float

    def figures(self) -> dict[str, Any]:
        """For the JSON."""
        return {**asdict(self.strengths), "signals": self.signals, "probability": self.probability}


def recruiting_arms(trial: Trial) -> tuple[dict[str, Arm], Choice]:
    """One, three, five and as few as it takes, by what each expert is expected to reach.

    Which signals are read is chosen on the labels, by the error on those left out.
    """
    strengths = {
        kind: fitted_strengths(rows[trial.fit], trial.right) for kind, rows in trial.signals.items()
    }
    arms = {
        f"one call, {kind}": _one_call(trial, _expected(trial, kind, found).argmax(axis=1))
        for kind, found in strengths.items()
    }
    chosen = min(strengths, key=lambda kind: strengths[kind].error)
    arms[ONE_CALL] = arms[f"one call, {chosen}"]
    expected = _expected(trial, chosen, strengths[chosen])
    known = left_out(trial.signals[chosen][trial.fit], trial.right, strengths[chosen])
    for k in (3, 5):
        won = _won(trial, trial.test, expected, _weights(trial, trial.fit, known, k), k)
        arms[VOTE.format(k)] = Arm(right=won, calls=np.full(len(won), float(k)))
    arms[SMALLEST], probability = _smallest_k(trial, expected, known)
    return arms, Choice(signals=chosen, strengths=strengths[chosen], probability=probability)


def one_call_by(trial: Trial, kind: str) -> Arm:
    """One call, by what each expert is expected to reach from one kind of signals."""
    found = fitted_strengths(trial.signals[kind][trial.fit], trial.right)
    return _one_call(trial, _expected(trial, kind, found).argmax(axis=1))


def _smallest_k(trial: Trial, expected: Flags, known: Flags) -> tuple[Arm, float]:
    fitted = _won_left_out(trial, known)
    probability = fitted_probability(known, fitted, as_good_as=5)
    counts = smallest_k(expected, probability=probability, max_k=MAX_K)
    tried = _won_by_k(trial, trial.test, expected, _weights(trial, trial.fit, known, 5))
    right = tried[np.arange(len(tried)), counts - 1]
    return Arm(right=right, calls=counts.astype(np.float64)), probability


def _won_left_out(trial: Trial, known: Flags) -> Flags:
    """Votes of the questions fitted on, each half with the weights of the other: else five win."""
    out = np.empty((len(trial.fit), MAX_K))
    is_even = np.arange(len(trial.fit)) % 2 == 0
    for half in (is_even, ~is_even):
        weights = _weights(trial, trial.fit[~half], known[~half], 5)
        out[half] = _won_by_k(trial, trial.fit[half], known[half], weights)
    return out


def _won_by_k(trial: Trial, rows: Rows, expected: Flags, weights: VoteWeights) -> Flags:
    """Shape [n_rows, MAX_K]: whether the vote of the best k is right."""
    won = [_won(trial, rows, expected, weights, k) for k in range(1, MAX_K + 1)]
    return np.stack(won, axis=1)


def _expected(trial: Trial, kind: str, strengths: Strengths) -> Flags:
    rows = trial.signals[kind]
    return fit_expected(rows[trial.fit], trial.right, strengths).accuracy(rows[trial.test])


def plain_vote(trial: Trial, slots: Rows) -> Arm:
    """Every slot counts alike; of equal answers the one given by the better expert wins."""
    answers = np.take_along_axis(trial.table.answers[trial.test], slots, axis=1)
    totals = np.zeros((len(slots), len(LETTERS) + 1))
    rows = np.arange(len(slots))
    for number in range(slots.shape[1]):
        totals[rows, answers[:, number]] += 1 + 1e-3 * 0.5**number
    won = np.where(totals[:, :-1].max(axis=1) > 0, totals[:, :-1].argmax(axis=1), -1)
    asked = np.array([len(set(row)) for row in slots.tolist()], dtype=np.float64)
    return Arm(right=(won == trial.table.gold[trial.test]).astype(np.float64), calls=asked)


def _one_call(trial: Trial, chosen: Rows) -> Arm:
    right = trial.table.right[trial.test, chosen]
    return Arm(right=right, calls=np.ones(len(right)))


def _known(trial: Trial, labels: Sequence[str], profiles: Profiles) -> list[list[int]]:
    """Rows of `profiles` of each question tried; none where its label is not known."""
    place = {name: i for i, name in enumerate(profiles.skills)}
    return [[place[labels[i]]] if labels[i] in place else [] for i in trial.test]


def _profiles(trial: Trial, labels: Sequence[str]) -> Profiles:
    skills = [[labels[i]] for i in trial.fit]
    return count_answers(trial.right, skills, experts=trial.table.models, data_sha256="bench")


def _weights(trial: Trial, rows: Rows, known: Flags, k: int) -> VoteWeights:
    groups = len(set(trial.table.categories))
    if len(rows) < MIN_LABELS_OF_WEIGHTS:
        return unmoved(num_experts=known.shape[1], num_groups=groups, num_options=len(LETTERS))
    ballots = _ballots(trial, rows, known, k)
    return fit_weights(ballots, trial.table.gold[rows], num_groups=groups)


def _won(trial: Trial, rows: Rows, expected: Flags, weights: VoteWeights, k: int) -> Flags:
    won = weights.winners(_ballots(trial, rows, expected, k))
    return (won == trial.table.gold[rows]).astype(np.float64)


def _ballots(trial: Trial, rows: Rows, expected: Flags, k: int) -> Ballots:
    is_asked = np.zeros(expected.shape, dtype=bool)
    np.put_along_axis(is_asked, best(expected, k=k), values=True, axis=1)
    names: Mapping[str, int] = {
        name: i for i, name in enumerate(sorted(set(trial.table.categories)))
    }
    return Ballots(
        answers=np.where(is_asked, trial.table.answers[rows], -1),
        expected=expected,
        groups=np.array([names[trial.table.categories[i]] for i in rows]),
        num_options=len(LETTERS),
    )
