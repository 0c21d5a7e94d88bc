import pytest

from tests.batch_desk import ids
from tests.killed_office import survived

pytestmark = pytest.mark.integration


def test_ten_kills_lose_no_line_and_double_none(tmp_path):
    came = survived(tmp_path, num_lines=2_000, num_kills=10, answer_s=0.08, seed=7)

    assert came.num_kills >= 5
    assert came.batch.status == "completed"
    assert sorted(came.times_by_id) == ids(range(2_000))
    assert set(came.times_by_id.values()) == {1}
    assert came.num_files == 2
    assert came.max_restart_s < 10
