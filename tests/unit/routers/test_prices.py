from pathlib import Path

import pytest

from routers.base import RouterError
from routers.prices import read_prices
from routers.trial import Price


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "models.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("expert,active_b\na,many\n", r"models\.csv:2: .*active_b", id="no figure"),
        pytest.param("expert,active_b\na,7\na,8\n", "'a' is there twice", id="twice"),
        pytest.param("name,active_b\na,7\n", "expert", id="no expert"),
        pytest.param("expert,active_b\n", "has no row", id="nothing"),
    ],
)
def test_a_bad_table_is_refused_with_its_rows(tmp_path, text, fault):
    with pytest.raises(RouterError, match=fault):
        read_prices(table(tmp_path, text))


def test_a_table_of_models_is_read_under_its_usual_names(tmp_path):
    path = table(tmp_path, "model,params_b_active,input_usd_per_mtok\na,7,0.5\nb,,\n")

    assert read_prices(path) == {"a": Price(active_b=7, input_usd_per_mtok=0.5), "b": Price()}
