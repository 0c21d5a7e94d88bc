import json
from io import StringIO

import pytest
from rich.console import Console

from bench.report import Outcome, Report, Target, median_of

AT_MOST_A_THIRD = Target(name="p50", sense="<=", limit=1 / 3)
FIVE_TIMES = Target(name="rate", sense=">=", limit=5)
UNDER_A_MILLISECOND = Target(name="decision", sense="<", limit=1, unit="ms")


@pytest.mark.parametrize(
    ("target", "value", "holds"),
    [
        pytest.param(AT_MOST_A_THIRD, 3.0 / 9.0, True, id="3 ms of 9 ms is a third"),
        pytest.param(AT_MOST_A_THIRD, 3.1 / 9.0, False, id="3.1 ms of 9 ms is more"),
        pytest.param(FIVE_TIMES, 400 / 80, True, id="400/s of 80/s is five times"),
        pytest.param(FIVE_TIMES, 399 / 80, False, id="399/s of 80/s is less"),
        pytest.param(UNDER_A_MILLISECOND, 1.0, False, id="1 ms is not under 1 ms"),
        pytest.param(FIVE_TIMES, None, False, id="what was not measured does not hold"),
    ],
)
def test_a_bar_holds_exactly_when_its_target_is_met(target, value, holds):
    bar = target.judge(value)

    assert bar.holds is holds


def test_a_bar_shows_its_target_with_sense_limit_and_unit():
    bar = UNDER_A_MILLISECOND.judge(0.25)

    assert (bar.value, bar.target) == (0.25, "< 1 ms")


def test_the_median_of_five_runs_is_not_moved_by_one_outlier():
    runs = [{"latency_ms": {"p50": value}} for value in (2.0, 3.0, 1.0, 90.0, 2.5)]

    assert median_of(runs, "latency_ms", "p50") == 2.5


def test_the_json_lists_every_bar_with_name_value_target_and_holds(tmp_path):
    report = Report(machine={"cores": 4}, versions={"python": "3.11"})
    report.add("a", [FIVE_TIMES], Outcome(values={"rate": 6.0}, figures={"runs": [1]}))
    report.miss("b", [UNDER_A_MILLISECOND], "BenchError: no artifact")

    report.write(tmp_path / "out" / "gateway.json")

    content = json.loads((tmp_path / "out" / "gateway.json").read_bytes())
    assert content["bars"] == [
        {"name": "rate", "value": 6.0, "target": ">= 5", "holds": True},
        {"name": "decision", "value": None, "target": "< 1 ms", "holds": False},
    ]
    assert content["not_measured"] == {"b": "BenchError: no artifact"}


def test_the_table_says_which_bars_are_missed_and_why():
    report, out = Report(machine={}, versions={}), StringIO()
    report.miss("b", [UNDER_A_MILLISECOND], "BenchError: no artifact")

    report.show(Console(file=out, width=120))

    assert "MISSED" in out.getvalue()
    assert "not measured: b: BenchError: no artifact" in out.getvalue()


def test_parts_of_an_earlier_go_are_kept_with_their_bars_and_versions(tmp_path):
    earlier, later = (
        Report(machine={"at": "noon"}, versions={"commit": name}) for name in ("old", "new")
    )
    earlier.add("slow", [FIVE_TIMES], Outcome(values={"rate": 6}, figures={"all": 6}))
    earlier.add("quick", [AT_MOST_A_THIRD], Outcome(values={"p50": 1}, figures={"all": 1}))
    earlier.write(tmp_path / "out.json")
    later.add("quick", [AT_MOST_A_THIRD], Outcome(values={"p50": 0}, figures={"all": 0}))

    later.keep(
        json.loads((tmp_path / "out.json").read_text()),
        {"slow": [FIVE_TIMES], "never": [UNDER_A_MILLISECOND]},
    )

    assert later.figures == {"quick": {"all": 0}, "slow": {"all": 6}}
    assert {bar.name: bar.holds for bar in later.bars} == {
        "p50": True,
        "rate": True,
        "decision": False,
    }
    assert later.kept == {"slow": {"commit": "old", "at": "noon"}}
    assert later.not_measured == {"never": "was never measured"}
