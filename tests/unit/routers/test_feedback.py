import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.feedback import Bounds, Judgement, Tally, tallies, weighing
from routers.mapping import VALUE_COUNT
from tests.unit.routers.small import SKILLS
from tests.unit.routers.small import router as category_router
from tests.unit.routers.test_profiles import small

DAY_S = 86_400


def judged(number=0, **fields):
    said = {"id": f"j{number:03d}", "giver": "ann", "router": "topic", "expert": "a",
            "labels": ("sums",), "score": 1.0, "at_s": float(number)}  # fmt: skip
    return Judgement(**(said | fields))


def test_of_one_giver_only_the_first_of_a_day_weigh():
    said = [judged(n) for n in range(5)] + [judged(5, giver="bob"), judged(6, at_s=DAY_S + 1.0)]

    kept = weighing(said, bounds=Bounds(max_a_giver_and_day=2), now_s=DAY_S + 2.0)

    assert [one.id for one in kept] == ["j000", "j001", "j005", "j006"]


def test_what_was_said_long_ago_weighs_nothing():
    said = [judged(0), judged(1, at_s=200.0)]

    assert tallies(said, bounds=Bounds(max_age_s=100.0), now_s=250.0)["topic"].asked == {
        ("sums", "a"): 1.0
    }


def test_a_judgement_counts_for_each_label_and_for_its_router_alone():
    said = [judged(0, labels=("sums", "french"), score=0.25), judged(1, router="other")]

    found = tallies(said, bounds=Bounds(), now_s=10.0)

    assert found["topic"].right == {("sums", "a"): 0.25, ("french", "a"): 0.25}
    assert found["other"].asked == {("sums", "a"): 1.0}


@given(st.permutations(range(8)), st.integers(0, 7))
def test_counting_again_without_one_is_as_if_it_had_never_been_said(order, gone):
    said = [judged(n, score=n / 7, giver="ab"[n % 2]) for n in order]
    bounds = Bounds(max_a_giver_and_day=3)

    after = tallies([it for it in said if it.id != f"j{gone:03d}"], bounds=bounds, now_s=9.0)

    never = [judged(n, score=n / 7, giver="ab"[n % 2]) for n in range(8) if n != gone]
    assert after == tallies(never, bounds=bounds, now_s=9.0)
    assert after["topic"].version == tallies(never, bounds=bounds, now_s=9.0)["topic"].version


def test_what_is_said_weighs_at_most_a_share_of_what_was_measured():
    # sums were asked of a twice and of b once: 1.5 on average, of which half is 0.75.
    said = Tally(asked={("sums", "a"): 1000.0}, right={("sums", "a"): 500.0}, max_share=0.5)

    moved = small().corrected(said)

    assert moved.asked.tolist() == [[1, 0], [2.75, 1]]
    assert moved.right.tolist() == [[1, 0], [2.375, 0]]


def test_labels_and_experts_that_the_router_lost_say_nothing():
    said = Tally(asked={("gone", "a"): 5.0, ("sums", "gone"): 5.0},
                 right={("gone", "a"): 5.0, ("sums", "gone"): 5.0})  # fmt: skip

    assert small().corrected(said).asked.tolist() == small().asked.tolist()


def test_no_judgement_leaves_no_version():
    assert Tally().version == ""


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_a_category_s_values_count_for_some_questions_each(score):
    found = category_router()
    key = ("sums", "sums")
    said = Tally(asked={key: 5.0}, right={key: 5.0 * score})

    moved = found.corrected(said)

    value = (VALUE_COUNT + 5 * score) / (VALUE_COUNT + 5)  # its own value is 1
    row = SKILLS.index("sums")
    assert moved.quality.table[row, row] == pytest.approx(value)
    assert np.delete(moved.quality.table, row, axis=0).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert moved.version.startswith("small@1~")
