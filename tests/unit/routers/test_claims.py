import numpy as np
import pytest

from routers.base import Route
from routers.claims import claims_of


def route(score, *, is_fallback=False):
    return Route(chosen=("a",), scores={"a": score, "b": 1.0}, is_fallback=is_fallback)


def test_the_error_is_the_gap_of_each_bin_weighed_by_its_size():
    routes = [route(0.9), route(0.9), route(0.9), route(0.5)]

    found = claims_of(routes, np.array([1.0, 1.0, 0.0, 0.0]))

    # Three claimed 0.9 and reached 2/3; one claimed 0.5 and reached 0: (3 * 0.2333 + 0.5) / 4.
    assert found is not None
    assert [one.count for one in found.bins] == [1, 3]
    assert found.error == pytest.approx(0.3)


def test_what_goes_to_the_general_expert_claims_nothing():
    found = claims_of([route(0.9), route(0.1, is_fallback=True)], np.array([1.0, 0.0]))

    assert found is not None
    assert found.count == 1


@pytest.mark.parametrize(
    "routes",
    [
        pytest.param([route(0.0)], id="scores nothing"),
        pytest.param([Route(chosen=("a",), scores={})], id="without scores"),
        pytest.param([route(0.9, is_fallback=True)], id="always unsure"),
    ],
)
def test_a_router_that_claims_nothing_has_no_curve(routes):
    assert claims_of(routes, np.ones(len(routes))) is None


def test_a_score_of_one_falls_into_the_last_bin():
    found = claims_of([route(1.0)], np.ones(1))

    assert found is not None
    assert (found.bins[0].claimed, found.error) == (1.0, 0.0)
