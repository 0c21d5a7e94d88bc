"""What experts cost, from a CSV."""

from math import isnan

import pytest

from routers.base import RouterError
from routers.cost_files import read_costs


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("", "states no cost", id="empty"),
        pytest.param("name,latency_s\na,1\n", "csv:2: expert: Field required", id="no expert"),
        pytest.param("expert,colour\na,red\n", "states no cost; its columns", id="no measure"),
        pytest.param("expert,latency_s\n", "states no cost", id="no row"),
        pytest.param("expert,latency_s\na,fast\n", "latency_s is 'fast'", id="word"),
        pytest.param("expert,latency_s\na,1\nb,-1\n", "csv:3: latency_s is", id="negative"),
        pytest.param("expert,latency_s\na,nan\n", "latency_s is 'nan'", id="nan"),
        pytest.param("expert,latency_s\na,1\na,2\n", "expert 'a' is there twice", id="twice"),
        pytest.param("expert,latency_s\n ,1\n", "expert is ' '", id="nobody"),
    ],
)
def test_bad_costs_are_refused_with_their_rows(tmp_path, text, fault):
    path = tmp_path / "costs.csv"
    path.write_text(text)

    with pytest.raises(RouterError) as refused:
        read_costs(path)

    assert fault in str(refused.value)


def test_many_faults_are_told_at_once_and_counted(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text("expert,latency_s\n" + "".join(f"e{i},x\n" for i in range(30)))

    with pytest.raises(RouterError, match=r"(?s)30 bad rows.*and 20 more"):
        read_costs(path)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(RouterError, match="cannot be read"):
        read_costs(tmp_path / "none.csv")


def test_a_table_of_models_is_read_by_its_own_names(tmp_path):
    path = tmp_path / "models.jsonl"
    path.write_text('{"model": "big", "params_b_total": 398, "params_b_active": 94}\n')

    costs = read_costs(path)

    assert costs.of("big", "total_params_b") == 398
    assert costs.of("big", "active_params_b") == 94


def test_empty_cells_are_unknown_and_other_columns_are_left_alone(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text("expert,kind,active_params_b,latency_s\nbig,chat,72,\n")

    costs = read_costs(path)

    assert costs.of("big", "active_params_b") == 72
    assert isnan(costs.of("big", "latency_s"))
    assert costs.of("big", "num_experts") == 1
