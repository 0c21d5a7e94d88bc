"""Two hot experts and a rare one on one slot, for ten hours of its own clock."""

import random

import pytest

from orchestrator.simulation.contenders import contender
from orchestrator.simulation.machine import Machine
from orchestrator.simulation.run import Setting
from orchestrator.simulation.trace import Request, Trace
from tests.unit.simulation.small import played

HOUR_S = 3600
#: Ours refuses what it cannot have in time, so nothing may be refused within it.
BOUND_S = 15.0
RARE_EVERY_S = 600


def ten_hours(*, seed: int) -> Trace:
    """A request a second of either hot expert by a coin, and every ten minutes the rare one's."""
    dice, requests, now_s = random.Random(seed), [], 0.0
    while now_s < 10 * HOUR_S:
        before_s, now_s = now_s, now_s + dice.expovariate(1.0)
        is_rare = now_s // RARE_EVERY_S > before_s // RARE_EVERY_S
        requests.append(
            Request(
                id=len(requests),
                expert="rare" if is_rare else dice.choice(["hot", "hotter"]),
                arrives_s=now_s,
                prompt_tokens=200,
                output_tokens=100,
            )
        )
    return Trace(name="ten hours", requests=requests)


@pytest.fixture(scope="module")
def ended():
    """Requests with their fates, and the swaps that were made for them."""
    trace = ten_hours(seed=1)
    setting = Setting(machine=Machine(), max_wait_s=BOUND_S)
    simulation, fates = played(trace, contender("bounded", trace), setting)
    num_swaps = sum(len(slot.swaps_s) for slot in simulation.slots)
    return list(zip(trace.requests, fates, strict=True)), num_swaps


def longest_wait_s(ended, counts) -> float:
    return max(fate.wait_s for request, fate in ended if counts(request))


def test_every_request_has_its_turn_within_its_bound(ended):
    fates, _ = ended

    assert {request.expert for request, _ in fates} == {"hot", "hotter", "rare"}
    assert longest_wait_s(fates, lambda request: True) < BOUND_S


def test_the_last_hour_is_like_the_first(ended):
    fates, _ = ended

    first_s = longest_wait_s(fates, lambda request: request.arrives_s < HOUR_S)
    last_s = longest_wait_s(fates, lambda request: request.arrives_s > 9 * HOUR_S)

    assert last_s < 1.5 * first_s


def test_swaps_are_shared_by_several_requests_and_leave_time_to_answer(ended):
    fates, num_swaps = ended

    assert num_swaps * 3 < len(fates)
