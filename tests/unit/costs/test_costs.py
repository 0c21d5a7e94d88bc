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
