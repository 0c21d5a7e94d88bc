import numpy as np
import pytest

from bench.answer_table import VARIABLE
from bench.process import BenchError
from bench.routing_answers import halves
from bench.routing_budget import _read_costs, _tried
from routers.spending import Costs
from tests.unit.bench.test_bench_routing import MODELS, small_table

COSTS = Costs(
    by_expert={name: {"active_params_b": 9.0} for name in MODELS[:2]}
    | {name: {"active_params_b": 1.0} for name in MODELS[2:]}
)


def test_costs_that_are_not_there_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    with pytest.raises(BenchError, match=r"mmlu_pro_models\.csv' cannot be read"):
        _read_costs()


def test_a_map_is_tried_on_other_questions_and_holds_its_budget():
    table = small_table().of(MODELS)

    tight, loose = (_tried(table, COSTS, halves(table, seed=0), limit) for limit in (5.0, 9.0))

    assert tight.share <= 1
    assert tight.active_b == pytest.approx(5.0, abs=0.2)
    # Within 5 B one of the two strong experts serves; within 9 B both, and each right at .9.
    assert np.mean(tight.right) < np.mean(loose.right)
    assert np.mean(loose.right) > np.mean(loose.single)
