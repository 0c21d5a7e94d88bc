from datetime import date

from orchestrator.access.usage import UsageQuestion, days_between, grouped, total
from orchestrator.store.usage import UsageRow, Used

ONE = Used(requests=1, nano_usd=10)
ROWS = {
    UsageRow(day="20261121", key_id="ann", tags=("lab", "uni"), expert="math"): ONE,
    UsageRow(day="20261122", key_id="ann", tags=("lab",), expert="code"): ONE,
    UsageRow(day="20261122", key_id="bob", expert="math", composition="auto"): ONE,
}


def sums(by, **only):
    found = grouped(ROWS, UsageQuestion(by=by, only=only))
    return {one.values: one.used.requests for one in found}


def test_groups_sum_over_what_they_do_not_name():
    assert sums(("key",)) == {("ann",): 2, ("bob",): 1}
    assert sums(("expert", "day")) == {
        ("code", "2026-11-22"): 1,
        ("math", "2026-11-21"): 1,
        ("math", "2026-11-22"): 1,
    }


def test_a_request_is_in_the_group_of_each_of_its_tags_and_once_in_the_total():
    assert sums(("tag",)) == {("",): 1, ("lab",): 2, ("uni",): 1}
    assert total(ROWS, UsageQuestion(by=("tag",))).requests == 3


def test_a_tag_that_is_asked_for_is_the_only_one_that_is_told():
    assert sums(("tag",), tag="lab") == {("lab",): 2}
    assert sums(("key",), expert="math", composition="auto") == {("bob",): 1}


def test_days_are_all_of_them():
    assert days_between(date(2026, 2, 27), date(2026, 3, 1)) == ["20260227", "20260228", "20260301"]
