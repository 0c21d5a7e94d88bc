"""Quality against cost."""

from itertools import pairwise

import pytest

from routers.base import RouterError
from routers.pareto import pareto_curve
from tests.unit.routers.test_budget import task


def test_no_point_is_dearer_and_no_better_than_another():
    points = [it.found for it in pareto_curve(task(), "active_params_b", num_points=9)]

    spent = [found.spent["active_params_b"] for found in points]
    assert spent == sorted(set(spent))
    assert all(one.quality < other.quality for one, other in pairwise(points))


def test_it_goes_from_the_cheapest_to_what_the_best_map_spends():
    first, *_, last = pareto_curve(task(), "active_params_b", num_points=9)

    assert first.found.experts == ("small",)
    assert last.found.expert_by_category == {"c0": "large", "c1": "large"}


def test_other_budgets_stay():
    points = pareto_curve(task(num_experts=1), "active_params_b")

    assert all(len(point.found.experts) == 1 for point in points)


def test_numbers_of_experts_are_whole():
    limits = [point.limit for point in pareto_curve(task(), "num_experts")]

    assert limits == [1.0]


def test_a_measure_that_nobody_states_is_refused():
    with pytest.raises(RouterError, match="no expert has a stated latency_s"):
        pareto_curve(task(), "latency_s")
