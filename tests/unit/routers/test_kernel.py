import numpy as np
import pytest

from routers.closest import Nearest
from routers.kernel import Kernel, Known, estimates

KERNEL = Kernel(k=2, width=0.1, difficulty=1.0, difference=1.0)


def near(cosines, numbers=(0, 1)):
    return Nearest(numbers=np.array([numbers]), cosines=np.array([cosines], dtype=np.float32))


def known(*rows):
    return Known.of(np.array(rows, dtype=float))


def test_the_estimate_is_between_the_neighbours_and_the_overall_accuracy():
    table = known([1, 0], [0, 1], [1, 1], [0, 0])

    [[first, second]] = estimates(near([1.0, 0.0]), table, KERNEL)

    # One neighbour of weight 1 at distance .5 from the pool, strength 1: half of it is believed.
    assert first == pytest.approx(0.75, abs=1e-3)
    assert second == pytest.approx(0.25, abs=1e-3)


def test_far_neighbours_leave_the_overall_accuracy():
    table = known([1, 0], [1, 0], [1, 1], [0, 1])

    told = estimates(near([-1.0, -1.0]), table, KERNEL)

    assert told[0] == pytest.approx(table.overall, abs=1e-6)


def test_an_expert_that_was_not_asked_is_told_by_the_questions_it_was_asked():
    table = known([1, np.nan], [0, 1], [1, 0], [1, 0])

    told = estimates(near([1.0, 0.9]), table, KERNEL)

    assert np.isfinite(told).all()
    assert table.overall.tolist() == pytest.approx([0.75, 1 / 3])


def test_only_the_nearest_k_count():
    kernel = Kernel(k=1, width=10.0, difficulty=0.0, difference=0.0)
    table = known([1, 0], [0, 1])

    assert estimates(near([0.9, 0.8]), table, kernel)[0].tolist() == [1.0, 0.0]


def test_estimates_stay_in_0_to_1():
    kernel = Kernel(k=2, width=1.0, difficulty=0.0, difference=0.0)
    table = known([1, 1], [1, 1], [0, 1], [0, 1])

    told = estimates(near([1.0, 1.0]), table, kernel)

    assert (told >= 0).all()
    assert (told <= 1).all()
