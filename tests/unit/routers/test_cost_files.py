"""What experts cost, from a CSV."""

from math import isnan

import pytest

from routers.base import RouterError
from routers.cost_files import read_costs


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("", "need the column 'expert'", id="empty"),
        pytest.param("model,latency_s\na,1\n", "found ['model', 'latency_s']", id="no expert"),
        pytest.param("expert,colour\na,red\n", "one or more of", id="no measure"),
        pytest.param("expert,latency_s\n", "there is no row", id="no row"),
        pytest.param("expert,latency_s\na,fast\n", "row 2: latency_s is 'fast'", id="word"),
        pytest.param("expert,latency_s\na,1\nb,-1\n", "row 3: latency_s is '-1'", id="negative"),
        pytest.param("expert,latency_s\na,nan\n", "row 2: latency_s is 'nan'", id="nan"),
        pytest.param("expert,latency_s\na,1\na,2\n", "row 3: expert 'a' stands", id="twice"),
        pytest.param("expert,latency_s\n ,1\n", "row 2: no expert is named", id="nobody"),
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

    with pytest.raises(RouterError, match=r"row 11: .*; and 20 more"):
        read_costs(path)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(RouterError, match="cannot be read"):
        read_costs(tmp_path / "none.csv")


def test_empty_cells_are_unknown_and_other_columns_are_left_alone(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text("expert,kind,active_params_b,latency_s\nbig,chat,72,\n")

    costs = read_costs(path)

    assert costs.of("big", "active_params_b") == 72
    assert isnan(costs.of("big", "latency_s"))
    assert costs.of("big", "num_experts") == 1
