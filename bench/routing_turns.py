"""Experts asked one after another until their answers settle the question."""

from __future__ import annotations

import numpy as np

from bench.answer_table import LETTERS
from bench.routing_arms import MAX_K, MIN_LABELS_OF_WEIGHTS, Arm, Choice, Flags, Rows, Trial
from routers.expected import fit_expected, left_out
from routers.in_turn import Turns, affordable_threshold, first, fitted_threshold, take_turns
from routers.reliability import Ballots, VoteWeights, fit_weights, unmoved

IN_TURN, AS_GOOD = "in turn, 3 calls on average", "in turn, as good as five"
_MEAN_CALLS, _AS_GOOD_AS = 3.0, 5


def turn_arms(trial: Trial, choice: Choice) -> dict[str, Arm]:
    """Two thresholds: what three calls on average buy, and as few as it takes for five's votes.

    Args:
        trial: the pool and its split.
        choice: of signals and strengths, as `recruiting_arms` made it.
    """
    strengths, rows = choice.strengths, trial.signals[choice.signals]
    expected = fit_expected(rows[trial.fit], trial.right, strengths).accuracy(rows[trial.test])
    known = left_out(rows[trial.fit], trial.right, strengths)
    fitted = _fitted_turns(trial, known)
    tried = take_turns(_ballots(trial, trial.test, expected), _weights(trial, trial.fit, known))
    gold = trial.table.gold[trial.fit]
    thresholds = {
        IN_TURN: affordable_threshold(fitted, mean_calls=_MEAN_CALLS),
        AS_GOOD: fitted_threshold(fitted, gold, as_good_as=_AS_GOOD_AS),
    }
    return {name: _arm(trial, tried, threshold) for name, threshold in thresholds.items()}


def _arm(trial: Trial, turns: Turns, threshold: float) -> Arm:
    stops = turns.stops(threshold)
    right = turns.answers(stops) == trial.table.gold[trial.test]
    return Arm(right=right.astype(np.float64), calls=stops.astype(np.float64))


def _fitted_turns(trial: Trial, known: Flags) -> Turns:
    """Turns of the questions fitted on, each half with the weights of the other."""
    shape = len(trial.fit), MAX_K
    shares, winners = np.empty(shape), np.empty(shape, dtype=np.int64)
    is_even = np.arange(shape[0]) % 2 == 0
    for half in (is_even, ~is_even):
        weights = _weights(trial, trial.fit[~half], known[~half])
        turns = take_turns(_ballots(trial, trial.fit[half], known[half]), weights)
        shares[half], winners[half] = turns.shares, turns.winners
    return Turns(shares=shares, winners=winners)


def _weights(trial: Trial, rows: Rows, known: Flags) -> list[VoteWeights]:
    """Of the votes of the first 1 to MAX_K."""
    ballots = _ballots(trial, rows, known)
    groups = len(set(trial.table.categories))
    if len(rows) < MIN_LABELS_OF_WEIGHTS:
        plain = unmoved(
            num_experts=known.shape[1], num_groups=groups, num_options=ballots.num_options
        )
        return [plain] * MAX_K
    gold = trial.table.gold[rows]
    return [fit_weights(first(ballots, k), gold, num_groups=groups) for k in range(1, MAX_K + 1)]


def _ballots(trial: Trial, rows: Rows, expected: Flags) -> Ballots:
    """Answers of everybody."""
    names = sorted(set(trial.table.categories))
    return Ballots(
        answers=trial.table.answers[rows],
        expected=expected,
        groups=np.array([names.index(trial.table.categories[i]) for i in rows]),
        num_options=len(LETTERS),
    )
