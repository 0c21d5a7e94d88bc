import numpy as np
import pytest

from routers.resampling import Share, intervals


def test_a_share_has_wilsons_interval():
    # Wilson for 9 of 10: 0.596 to 0.982
    assert Share(right=9, asked=10).interval == pytest.approx((0.596, 0.982), abs=1e-3)


def test_a_share_of_nothing_says_nothing():
    assert Share(right=0, asked=0).interval == (0.0, 1.0)


def test_an_interval_holds_its_mean_and_narrows_with_questions():
    values = np.random.default_rng(0).random((400, 1))

    few, many = (intervals(values[:n], np.arange(n))[0] for n in (40, 400))

    assert few.low < few.mean < few.high
    assert many.high - many.low < few.high - few.low


def test_rows_of_one_question_are_drawn_together():
    values = np.random.default_rng(0).random((100, 1))
    twice = np.concatenate([values, values])

    once = intervals(values, np.arange(100))[0]
    again = intervals(twice, np.tile(np.arange(100), 2))[0]

    assert again.high - again.low == pytest.approx(once.high - once.low)
