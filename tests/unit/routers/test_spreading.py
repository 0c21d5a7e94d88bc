import numpy as np
import pytest

from routers.embeddings import unit_rows
from routers.spreading import Spreading

SPREADING = Spreading(neighbours=3, agreement=0.7)


def groups(*angles, size=6):
    """`size` points close to each angle, in the plane."""
    at = np.concatenate([angle + np.linspace(-0.05, 0.05, size) for angle in angles])
    return unit_rows(np.stack([np.cos(at), np.sin(at)], axis=1).astype(np.float32))


def spread(rows, given):
    labels = np.full(len(rows), -1)
    for row, label in given.items():
        labels[row] = label
    return SPREADING.spread(SPREADING.graph(rows), labels).tolist()


def test_one_label_each_reaches_its_own_group():
    assert spread(groups(0, 1.5), {0: 4, 6: 2}) == [4] * 6 + [2] * 6


def test_a_group_without_a_label_gets_none():
    assert spread(groups(0, 1.5, 3), {0: 4, 6: 2})[12:] == [-1] * 6


def test_where_neighbours_disagree_there_is_no_label():
    """Two labels in turns along one line: nobody between them hears one alone."""
    rows = groups(0, size=9)

    found = spread(rows, {0: 0, 2: 1, 4: 0, 6: 1, 8: 0})

    assert [found[i] for i in (3, 5)] == [-1, -1]


def test_what_was_given_stays_whatever_neighbours_say():
    assert spread(groups(0, 1.5), {0: 4, 1: 4, 2: 2, 3: 4, 6: 2})[2] == 2


def test_without_any_label_there_is_nothing_to_spread():
    assert spread(groups(0), {}) == [-1] * 6


@pytest.mark.parametrize("num", [2, 3])
def test_fewer_prompts_than_neighbours_are_joined_with_all_others(num):
    assert spread(groups(0, size=num), {0: 1}) == [1] * num
