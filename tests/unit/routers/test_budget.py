"""The category-to-expert map under budgets."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routers.base import RouterError
from routers.budget import MapTask, best_map
from routers.mapping import Quality
from routers.spending import Costs, exact, spent

#: Experts -> costs: a cheap one, a fair one, a dear one.
COSTS = {
    "small": {"total_params_b": 0.1, "active_params_b": 1.0, "price_usd_per_1000": 3.0},
    "fair": {"total_params_b": 0.2, "active_params_b": 2.0, "price_usd_per_1000": 2.0},
    "large": {"total_params_b": 9.0, "active_params_b": 9.0, "price_usd_per_1000": 1.0},
}
TABLE = ((0.5, 0.6, 0.9), (0.7, 0.4, 0.8))


def task(table=TABLE, *, traffic=(1, 1), costs=COSTS, always=(), **budgets) -> MapTask:
    return MapTask(
        quality=Quality(
            categories=tuple(f"c{i}" for i in range(len(table))),
            experts=tuple(costs),
            table=np.array(table, dtype=np.float32),
        ),
        traffic=np.array(traffic, dtype=np.float64),
        costs=Costs(by_expert=costs),
        budgets=budgets,
        always=always,
    )


@pytest.mark.parametrize(
    ("budgets", "message"),
    [
        pytest.param({"active_params_b": 0.5}, "smallest that a map reaches is 1", id="alone"),
        pytest.param(
            {"active_params_b": 1.5, "price_usd_per_1000": 1.5},
            "together; raising one: active_params_b 5.5 or price_usd_per_1000 2.5",
            id="together",
        ),
        pytest.param(
            {"num_experts": 1, "active_params_b": 6.0, "price_usd_per_1000": 1.5},
            "raising one: num_experts 2 or active_params_b 9 or price_usd_per_1000 2",
            id="three",
        ),
        pytest.param({"latency_s": 1.0}, "no expert has a stated cost", id="unknown"),
        pytest.param({"gpus": 1.0}, "known: ", id="measure"),
        pytest.param({"num_experts": 0}, "lie over 0", id="zero"),
        pytest.param({"num_experts": float("nan")}, "lie over 0", id="nan"),
    ],
)
def test_budgets_that_no_map_holds_are_refused_with_what_one_would_hold(budgets, message):
    with pytest.raises(RouterError, match=message):
        best_map(task(**budgets))


@pytest.mark.parametrize("traffic", [(1,), (-1, 2), (0, 0), (float("nan"), 1)])
def test_traffic_that_is_none_is_refused(traffic):
    with pytest.raises(RouterError, match="traffic needs 2 numbers"):
        task(traffic=traffic)


def test_costs_under_zero_are_refused():
    costs = {**COSTS, "small": {"active_params_b": -1.0}}

    with pytest.raises(RouterError, match=r"'small' has active_params_b -1\.0"):
        best_map(task(costs=costs, active_params_b=2))


def test_who_is_always_there_must_be_known_and_have_a_cost():
    with pytest.raises(RouterError, match=r"\['nobody'\] were not measured"):
        task(always=("nobody",))
    costs = {"small": {"latency_s": 1.0}, "fair": {"latency_s": 1.0}, "large": {}}
    with pytest.raises(RouterError, match="'large' is to be there always, but its latency_s"):
        best_map(task(costs=costs, always=("large",), latency_s=2))


def test_without_budgets_each_category_has_its_best_expert():
    found = best_map(task())

    assert found.expert_by_category == {"c0": "large", "c1": "large"}
    assert found.is_optimal
    assert found.quality == pytest.approx(0.85)


def test_a_budget_is_spent_where_the_traffic_is():
    # 4 of 5 requests are of c1: 0.8 x 0.7 + 0.2 x 0.9 costs 0.8 x 1 + 0.2 x 9 = 2.6.
    found = best_map(task(traffic=(1, 4), active_params_b=2.6))

    assert found.expert_by_category == {"c0": "large", "c1": "small"}
    assert found.spent["active_params_b"] == pytest.approx(2.6)


def test_a_budget_that_is_met_to_the_last_decimal_is_held():
    # In floats 0.1 + 0.2 is over 0.3.
    found = best_map(task(total_params_b=0.3))

    assert found.expert_by_category == {"c0": "fair", "c1": "small"}


def test_a_budget_is_not_passed_by_what_a_solver_calls_equal():
    # Together the specialists take 1e-13 more than the budget, far under HiGHS's tolerance.
    costs = {
        "land": {"total_params_b": 0.50000000000005},
        "sea": {"total_params_b": 0.50000000000005},
        "both": {"total_params_b": 0.4},
    }

    found = best_map(task(((0.9, 0.1, 0.5), (0.1, 0.9, 0.5)), costs=costs, total_params_b=1))

    assert len({"land", "sea"} & set(found.experts)) == 1
    assert found.quality == pytest.approx(0.7)
    assert found.quality <= found.bound


def test_who_is_always_there_counts_and_may_serve():
    found = best_map(task(always=("large",), num_experts=1))

    assert found.experts == ("large",)
    with pytest.raises(RouterError, match=r"the smallest that a map reaches is 9"):
        best_map(task(always=("large",), total_params_b=8))


def test_who_has_no_stated_cost_is_left_out_with_the_reason():
    costs = {**COSTS, "large": {"total_params_b": float("nan")}}

    found = best_map(task(costs=costs, active_params_b=5))

    assert found.left_out == {"large": "its active_params_b is not stated"}
    assert set(found.experts) == {"fair", "small"}
    assert "active_params_b" in found.spent


def test_categories_without_traffic_go_to_the_best_that_is_there():
    found = best_map(task(((0.1, 0.2, 0.9), (0.7, 0.4, 0.8)), traffic=(0, 1), num_experts=1))

    assert found.expert_by_category == {"c0": "large", "c1": "large"}


def test_out_of_time_it_says_how_much_better_another_map_may_be():
    dice = np.random.default_rng(0)
    costs = {f"e{i}": {"total_params_b": float(i % 7 + 1)} for i in range(30)}
    asked = task(dice.uniform(size=(30, 30)), traffic=np.ones(30), costs=costs, total_params_b=9)

    found = best_map(asked, time_s=0.0)

    assert found.spent["total_params_b"] <= 9
    assert found.quality <= best_map(asked, time_s=30.0).quality <= found.bound


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_map_that_holds_the_budgets_is_better(data):
    dice = np.random.default_rng(data.draw(st.integers(0, 10**6), label="seed"))
    measures = ("total_params_b", "num_experts", "active_params_b", "latency_s")
    costs = {
        f"e{i}": {name: round(float(dice.uniform(0.1, 5)), 1) for name in measures}
        for i in range(4)
    }
    table = dice.uniform(size=(4, 4)).astype(np.float32)
    traffic = dice.integers(1, 5, 4)
    budgets = data.draw(
        st.dictionaries(st.sampled_from(measures), st.sampled_from([1.0, 1.7, 2.0, 3.3, 6.0])),
        label="budgets",
    )
    asked = task(table, traffic=traffic, costs=costs, **budgets)
    best = _best_by_hand(asked)

    if best is None:
        with pytest.raises(RouterError, match="no map holds"):
            best_map(asked)
    else:
        found = best_map(asked)
        assert found.is_optimal
        assert found.quality == pytest.approx(best, abs=2e-6)
        assert all(found.spent[name] <= limit + 1e-12 for name, limit in budgets.items())


def _best_by_hand(asked: MapTask) -> float | None:
    names, shares = asked.quality.experts, asked.traffic / asked.traffic.sum()
    values = []
    for columns in product(range(len(names)), repeat=len(shares)):
        served: dict[str, Fraction] = {}
        for count, column in zip(asked.traffic, columns, strict=True):
            served[names[column]] = served.get(names[column], Fraction(0)) + exact(count)
        if all(
            spent(name, traffic_by_expert=served, always=(), costs=asked.costs) <= exact(limit)
            for name, limit in asked.budgets.items()
        ):
            values.append(float(shares @ asked.quality.table[range(len(shares)), columns]))
    return max(values, default=None)
