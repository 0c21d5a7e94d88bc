"""A good map under budgets, fast: experts are added, then exchanged, while that gains.

It gives the search something to beat: the nearer it is to the best, the more cells are ruled out.
"""

from __future__ import annotations

import numpy as np

from .assignment import Columns, Flags, Problem, Table

_MAX_EXCHANGES = 100
_HALVINGS = 40
_SLACK = 1e-12


def good_assignment(problem: Problem, prices: Table) -> Columns | None:
    """An assignment that holds the budgets as far as floats can say; None where it found none.

    Args:
        problem: what is to be gained and held.
        prices: shape [n_budgets_of_a_request]; what a budget of a request is worth.
    """
    charge = problem.shares[:, None] * (prices @ problem.of_request)
    used = _chosen(problem, problem.gains - charge)
    if not used.any():
        return None
    columns = np.flatnonzero(used)
    gains, charge = problem.gains[:, columns], charge[:, columns]
    cheap: Columns = columns[(gains - 1e6 * charge).argmax(axis=1)]
    if not _holds(problem, cheap):
        return None
    low, high, best = 0.0, 1e3, cheap
    for step in range(_HALVINGS):
        factor = (low + high) / 2 if step else 0.0
        tried = columns[(gains - factor * charge).argmax(axis=1)]
        if _holds(problem, tried):
            best, high = (tried if problem.gain(tried) > problem.gain(best) else best), factor
        else:
            low = factor
    return best


def _holds(problem: Problem, columns: Columns) -> bool:
    return bool((problem.spent(columns) <= 1 + _SLACK).all())


def _chosen(problem: Problem, net: Table) -> Flags:
    """Experts whose best gains are high, within the budgets of the set."""
    if not len(problem.of_set):
        return np.ones(problem.num_experts, dtype=bool)
    used = problem.always.copy()
    top = _top(net, used)
    while (one := _best_addition(problem, net, used, top)) is not None:
        used[one] = True
        top = np.maximum(top, net[:, one])
    for _ in range(_MAX_EXCHANGES):
        pair = _best_exchange(problem, net, used)
        if pair is None:
            break
        used[list(pair)] = False, True
    return used


def _best_addition(problem: Problem, net: Table, used: Flags, top: Table) -> int | None:
    """The expert that gains most for the share of the budgets that it takes."""
    left = 1 + _SLACK - problem.of_set[:, used].sum(axis=1)
    able = ~used & (problem.of_set <= left[:, None]).all(axis=0)
    gains = np.maximum(net, top[:, None]).sum(axis=0) - top.sum()
    if not (able & (gains > 0)).any():
        return None
    worth = gains / np.maximum(problem.of_set.max(axis=0), 1e-9) ** (0.5 if used.any() else 0.0)
    return int(np.where(able, worth, -np.inf).argmax())


def _best_exchange(problem: Problem, net: Table, used: Flags) -> tuple[int, int] | None:
    now = _top(net, used).sum()
    best, found = now + 1e-12, None
    for one in np.flatnonzero(used & ~problem.always):
        rest = used.copy()
        rest[one] = False
        left = 1 + _SLACK - problem.of_set[:, rest].sum(axis=1)
        able = ~used & (problem.of_set <= left[:, None]).all(axis=0)
        worth = np.maximum(net, _top(net, rest)[:, None]).sum(axis=0)
        other = int(np.where(able, worth, -np.inf).argmax())
        if able[other] and worth[other] > best:
            best, found = float(worth[other]), (int(one), other)
    return found


def _top(net: Table, used: Flags) -> Table:
    """The highest gain of each category among those used; far under all others where none is."""
    floor = net.min() - np.ptp(net) - 1.0
    if not used.any():
        return np.full(len(net), floor)
    return np.asarray(net[:, used].max(axis=1))
