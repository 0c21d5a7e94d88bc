import pytest

from orchestrator.batch.windows import window_s
from orchestrator.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("24h", 86_400), ("1m", 60), ("90m", 5_400), ("30d", 2_592_000), ("720h", 2_592_000)],
)
def test_a_window_is_a_number_of_minutes_hours_or_days(written, seconds):
    assert window_s(written) == seconds


@pytest.mark.parametrize(
    "written",
    [
        *("", "24", "h", "0h", "024h", "-1h", "1.5h", "24H", "24h ", "\n24h", "24h\n", "24 h"),
        *("1s", "1w", "31d", "721h", "999999999h", "\u0968\u096ah", "x" * 10_000),
    ],
)
def test_a_window_that_is_not_supported_is_refused_with_what_is(written):
    with pytest.raises(InvalidRequestError, match="from '1m' to '30d'") as refused:
        window_s(written)

    assert refused.value.param == "completion_window"
    assert len(refused.value.message) < 300
