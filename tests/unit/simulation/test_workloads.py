from collections import Counter
from itertools import pairwise

import pytest

from orchestrator.errors import SetupError
from orchestrator.simulation.reuse import srp
from orchestrator.simulation.workloads import KINDS, Load, made

LOAD = Load(num_requests=4000, num_experts=8, requests_per_s=20.0, seed=3)


@pytest.mark.parametrize("key", ["num_requests", "num_experts", "requests_per_s", "output_tokens"])
def test_a_load_of_nothing_is_refused(key):
    with pytest.raises(SetupError, match=f"trace's {key} is 0"):
        Load(**{key: 0})


def test_an_unknown_kind_names_the_known_ones():
    with pytest.raises(SetupError, match=r"known: .*'zipf'"):
        made("zip", LOAD)


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides_the_trace(kind):
    other = Load(num_requests=4000, num_experts=8, requests_per_s=20.0, seed=4)

    assert made(kind, LOAD) == made(kind, LOAD)
    assert made(kind, LOAD).requests != made(kind, other).requests


@pytest.mark.parametrize("kind", KINDS)
def test_rate_and_lengths_are_as_asked_for_on_average(kind):
    trace = made(kind, LOAD)

    tokens = [request.output_tokens for request in trace.requests]
    assert len(trace.requests) == 4000
    assert 4000 / trace.span_s == pytest.approx(20.0, rel=0.15)
    assert sum(tokens) / 4000 == pytest.approx(100, rel=0.1)


def test_zipf_asks_for_the_first_expert_twice_as_often_as_for_the_second():
    uses = Counter(made("zipf", LOAD).uses)

    assert uses["e000"] / uses["e001"] == pytest.approx(2, rel=0.15)


def test_abcabc_never_asks_for_one_expert_twice_in_a_row():
    assert all(one != other for one, other in pairwise(made("abcabc", LOAD).uses))


def test_bursts_suit_a_small_set_of_experts_and_uniform_does_not():
    bursty, uniform = (srp(made(kind, LOAD).uses, segment=20) for kind in ("bursty", "uniform"))

    assert bursty > uniform + 0.2


def test_a_day_has_its_rush_at_noon_and_other_experts_in_the_evening():
    trace = made("day", LOAD)

    tenths = Counter(int(10 * request.arrives_s / trace.span_s) for request in trace.requests)
    halves = [Counter(trace.uses[:500]), Counter(trace.uses[-500:])]
    assert tenths[4] + tenths[5] > 2 * (tenths[2] + tenths[3])
    assert halves[0].most_common(1)[0][0] != halves[1].most_common(1)[0][0]


def test_a_wave_asks_three_different_experts_and_then_the_aggregator():
    *proposals, last = made("waves", LOAD).requests[:4]

    assert len({request.expert for request in proposals}) == 3
    assert (last.expert, last.after) == ("e000", (0, 1, 2))
    assert all(not request.after for request in proposals)
