import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import check_grad
from scipy.stats import weibull_min

from routers.weibull import Weibull, fit_mixture, loss

START = np.array([0.5, 1.0, 1.0, 1.5, 2.0])


def drawn(num, *, seed=0):
    """Of two components: unlikely paths around 0.3, likely ones around 0.85."""
    dice = np.random.default_rng(seed)
    low = weibull_min.rvs(3, scale=0.3, size=num // 2, random_state=dice)
    high = weibull_min.rvs(14, scale=0.88, size=num - num // 2, random_state=dice)
    return np.clip(np.concatenate([low, high]), 0, 1)


@pytest.mark.parametrize(("shape", "scale"), [(1.0, 1.0), (1.5, 2.0), (14.0, 0.9), (0.5, 0.1)])
def test_the_density_is_that_of_scipy(shape, scale):
    values = np.linspace(0.01, 1, 20)

    found = Weibull(shape=shape, scale=scale).log_density(values)

    assert found == pytest.approx(weibull_min.logpdf(values, shape, scale=scale))


@pytest.mark.parametrize("at", [START, [0.3, 4.0, 0.4, 9.0, 0.9]], ids=["start", "elsewhere"])
def test_the_gradient_is_that_of_the_loss(at):
    logs = np.log(drawn(30))

    wrong = check_grad(lambda x: loss(x, logs)[0], lambda x: loss(x, logs)[1], np.array(at))

    assert wrong < 1e-3


def test_the_components_that_were_drawn_from_are_found():
    found = fit_mixture(drawn(400))

    assert found.high.scale == pytest.approx(0.88, abs=0.03)
    assert found.low.scale == pytest.approx(0.3, abs=0.05)
    assert found.weight == pytest.approx(0.5, abs=0.05)
    assert found.chance_high(np.array([0.1, 0.9])) == pytest.approx([0, 1], abs=0.01)


def test_the_start_is_never_left_for_what_is_less_likely():
    values = drawn(16)

    assert fit_mixture(values).log_likelihood(values) > -loss(START, np.log(values))[0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_whatever_the_numbers_the_mixture_is_one_and_the_same(values):
    found = fit_mixture(np.array(values))

    assert found == fit_mixture(np.array(values))
    assert found.weight == pytest.approx(np.clip(found.weight, 0.2, 0.8))
    assert found.high.log_mean >= found.low.log_mean
    chances = found.chance_high(np.array(values))
    assert ((chances >= 0) & (chances <= 1)).all()


def test_64_paths_take_under_20_ms_of_a_core():
    batches = [drawn(64, seed=seed) for seed in range(9)]

    def took_s(values):
        began_s = time.process_time()  # other processes' load does not count
        fit_mixture(values)
        return time.process_time() - began_s

    assert min(map(took_s, batches)) < 0.02
