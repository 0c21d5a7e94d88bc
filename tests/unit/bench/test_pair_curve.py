"""RouteLLM's metrics, on curves that can be reckoned by hand."""

import numpy as np
import pytest

from bench.pair_curve import PairCurve


def curve(scores, weak, strong):
    return PairCurve.of(*(np.array(one, dtype=float) for one in (scores, weak, strong)))


def tenth(*, needed, num=100):
    """A hundred questions of distinct scores; the strong model is needed by those of `needed`."""
    weak = [0.0 if number in needed else 1.0 for number in range(num)]
    return curve(range(num), weak, [1.0] * num)


def test_chance_recovers_half_and_as_much_as_it_calls():
    found = tenth(needed=range(0, 100, 2))

    assert found.apgr == pytest.approx(0.5, abs=0.01)
    assert found.cpt(0.5) == pytest.approx(50, abs=1)
    assert found.cpt(0.8) == pytest.approx(80, abs=1)


def test_a_score_that_knows_recovers_all_with_the_calls_it_needs():
    found = tenth(needed=range(80, 100))

    # Up to 20 % of calls the gap closes in a line, then nothing is left: 1 - 0.2 / 2.
    assert found.apgr == pytest.approx(0.9, abs=0.01)
    assert found.cpt(0.5) == pytest.approx(10, abs=1)


def test_a_score_that_is_wrong_way_round_is_below_chance():
    assert tenth(needed=range(20)).apgr == pytest.approx(0.1, abs=0.01)


def test_one_score_for_all_takes_all_or_nothing():
    found = curve([1.0] * 10, [0.0] * 10, [1.0] * 10)

    assert set(found.calls.tolist()) == {0.0, 1.0}
    assert found.apgr == pytest.approx(0.5)


def test_where_the_weak_model_knows_better_the_curve_rises_over_the_strong_one():
    found = curve(range(100), [1.0] * 20 + [0.0] * 80, [0.0] * 20 + [1.0] * 80)

    assert found.recovered.max() > 1
    assert found.cpt(1.0) < 80
