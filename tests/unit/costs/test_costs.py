from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.costs.costs import Costs
from orchestrator.costs.estimate import Estimate
from orchestrator.costs.prior import Bandwidths, Prior

GiB = Bandwidths(read_gib_per_s=5, copy_gib_per_s=20, swap_s=0.05, wake_s=0.1, start_s=30)
PRIOR = Prior(weights_gib={"seven": 14}, default_gib=1, service_s=2, bandwidths=GiB)


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        ("swap", 0.05 + 14 / 5),
        ("wake", 0.1 + 14 / 20),
        ("sleep", 0.1 + 14 / 20),
        ("reload", 0.1 + 0.05 + 14 / 5),
        ("start", 30 + 14 / 5),
        ("stop", 2),
    ],
)
def test_a_prior_is_bytes_over_bandwidth_and_what_does_not_shrink(step, seconds):
    assert Costs(PRIOR).step(step, "seven").mean_s == pytest.approx(seconds)


def test_on_a_cpu_a_canary_reads_the_weights_once_a_token():
    by = replace(GiB, compute_gib_per_s=9.0)

    took_s = Costs(replace(PRIOR, bandwidths=by)).step("swap", "seven").mean_s

    assert took_s == pytest.approx(0.05 + 14 / 5 + 9 * 14 / 9.0)


def test_the_first_observation_replaces_the_prior_and_later_ones_move_the_mean_by_an_eighth():
    costs = Costs(PRIOR)

    costs.observe_step("swap", "seven", 1.0)
    assert costs.step("swap", "seven").mean_s == 1.0
    costs.observe_step("swap", "seven", 1.8)

    assert costs.step("swap", "seven").mean_s == pytest.approx(1.0 + 0.8 / 8)


def test_one_swap_corrects_the_guesses_of_experts_never_seen():
    costs = Costs(PRIOR)
    before_s = costs.step("swap", "other").mean_s  # 0.05 + 1 / 5

    costs.observe_step("swap", "seven", (0.05 + 14 / 5) / 10)

    assert costs.step("swap", "other").mean_s == pytest.approx(before_s / 10)
    assert costs.step("start", "other").mean_s == pytest.approx(30.2)


def test_calls_are_learned_apart_from_steps():
    costs = Costs(PRIOR)

    costs.observe_service("seven", 0.5)

    assert costs.service("seven").mean_s == 0.5
    assert costs.service("other").mean_s == 0.5
    assert costs.step("stop", "seven").mean_s == 2


def test_what_was_learned_is_kept_across_a_restart():
    costs = Costs(PRIOR)
    costs.observe_step("swap", "seven", 1.0)
    costs.observe_service("seven", 0.5)

    restarted = Costs(PRIOR, notes=costs.notes())

    assert restarted.step("swap", "seven") == costs.step("swap", "seven")
    assert restarted.service("seven") == costs.service("seven")


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=50))
def test_an_estimate_stays_within_what_was_seen(seconds):
    estimate = Estimate(mean_s=1000)
    for took_s in seconds:
        estimate = estimate.after(took_s)

    assert min(seconds) - 1e-6 <= estimate.mean_s <= max(seconds) + 1e-6
    assert estimate.safe_s >= estimate.mean_s
    assert estimate.num_seen == len(seconds)


def test_what_siblings_taught_is_kept_for_experts_never_seen():
    costs = Costs(PRIOR)
    costs.observe_step("swap", "seven", (0.05 + 14 / 5) / 10)

    restarted = Costs(PRIOR, notes=costs.notes())

    assert restarted.step("swap", "other").mean_s == pytest.approx((0.05 + 1 / 5) / 10)


def test_another_prior_changes_guesses_and_nothing_that_was_seen():
    costs = Costs(PRIOR)
    costs.observe_step("swap", "seven", 1.0)
    costs.step("swap", "other")

    costs.assume(replace(PRIOR, weights_gib={"seven": 14, "other": 14}))

    assert costs.step("swap", "seven").mean_s == 1.0
    assert costs.step("swap", "other").mean_s == pytest.approx(1.0)
    assert costs.turn("swap", "other").step_s == pytest.approx(1.0)


def test_what_other_slots_saw_goes_before_what_sizes_say():
    costs = Costs(replace(PRIOR, told_s={("call", "other"): 0.3, ("swap", "other"): 7.0}))
    costs.observe_step("swap", "seven", 100.0)

    assert costs.service("other").mean_s == 0.3
    assert costs.step("swap", "other").mean_s == 7.0
    assert costs.step("swap", "other").deviation_s > 0


def test_an_expert_that_is_gone_is_forgotten_and_what_it_taught_is_not():
    costs = Costs(PRIOR)
    costs.observe_step("swap", "seven", (0.05 + 14 / 5) / 10)

    costs.forget_all_but({"other"})

    assert costs.notes() == ()
    assert costs.step("swap", "other").mean_s == pytest.approx((0.05 + 1 / 5) / 10)


def test_notes_are_in_the_order_in_which_they_were_last_learned():
    costs = Costs(PRIOR)
    for expert in ("seven", "other", "seven"):
        costs.observe_service(expert, 1.0)

    assert [note.expert for note in costs.notes()] == ["other", "seven"]


def test_what_was_seen_before_the_notes_came_stays():
    notes = Costs(PRIOR)
    notes.observe_service("seven", 9.0)
    costs = Costs(PRIOR)
    costs.observe_service("seven", 1.0)

    costs.recall(notes.notes())

    assert costs.service("seven").mean_s == 1.0


def test_prefetching_saves_what_the_disk_is_slower_than_the_page_cache():
    assert Bandwidths(read_gib_per_s=5, disk_gib_per_s=1).fetch_gain_s(10) == pytest.approx(8)
    assert Bandwidths(read_gib_per_s=5, disk_gib_per_s=9).fetch_gain_s(10) == 0
