from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.base import RouterError
from routers.windows import steps


def test_no_samples_are_nothing_to_merge():
    with pytest.raises(RouterError, match="0 samples"):
        steps(0)


@pytest.mark.parametrize("carried", [0, 6, 7])
def test_a_window_without_room_for_both_is_refused(carried):
    with pytest.raises(RouterError, match=f"6 with {carried} slots"):
        steps(9, window=6, carried=carried)


def test_the_first_step_reads_a_window_of_samples_and_later_ones_three_each():
    found = steps(11)

    assert [(one.num_carried, list(one.samples)) for one in found] == [
        (0, [0, 1, 2, 3, 4, 5]),
        (3, [6, 7, 8]),
        (3, [9, 10]),
    ]


@pytest.mark.parametrize(("num", "expected"), [(1, 1), (6, 1), (7, 2), (9, 2), (10, 3), (30, 9)])
def test_samples_take_as_many_steps_as_the_authors_say(num, expected):
    assert len(steps(num)) == expected


@given(st.integers(1, 400), st.integers(2, 12), st.data())
def test_every_sample_is_new_once_and_no_step_overflows(num, window, data):
    carried = data.draw(st.integers(1, window - 1))

    found = steps(num, window=window, carried=carried)

    assert [at for one in found for at in one.samples] == list(range(num))
    assert all(len(one.samples) + one.num_carried <= window for one in found)
    assert [one.is_first for one in found] == [True] + [False] * (len(found) - 1)
    assert len(found) == 1 + max(0, ceil((num - window) / (window - carried)))
