import pytest

from orchestrator.simulation.contenders import contender
from orchestrator.simulation.machine import Machine
from orchestrator.simulation.run import Setting
from orchestrator.simulation.trace import Trace
from tests.unit.simulation.small import MACHINE, PACE, asked, begins, played

#: Two places in a slot: each engine can become any expert.
TWO_PLACES = Setting(
    machine=Machine(
        weights_gib=2.0,
        cache_gib=0.0,
        device_gib=8.0,
        engines=2,
        pace=PACE,
        bandwidths=MACHINE.bandwidths,
    )
)
#: One after another, so that nothing is decided by what waits.
APART = 20.0


def loads(name: str, letters: str) -> list[bool]:
    """For each letter, whether it is loaded, on a slot with two places."""
    trace = asked(*((letter, place * APART) for place, letter in enumerate(letters)))
    _, fates = played(trace, contender(name, trace), TWO_PLACES)
    return [not fate.is_hit for fate in fates]


def begun(name: str, trace: Trace) -> list[float | None]:
    return begins(played(trace, contender(name, trace))[1])


@pytest.mark.parametrize("name", ["lru", "one_lock", "fifo"])
def test_the_least_recently_used_expert_goes(name):
    # c puts out b, since a was used after it; then b puts out a, and a is loaded again.
    assert loads(name, "abacaba") == [True, True, False, True, False, True, False]


def test_coserve_evicts_by_the_chance_of_use():
    # a is used four times, b twice, c once: b goes for c, c goes for b, whatever came last.
    assert loads("coserve", "aabcaba") == [True, False, True, True, False, True, False]


def test_arrival_order_lets_nobody_overtake():
    trace = asked(("a", 0), ("b", 0), ("a", 1))

    # a from 2 to 5, b loaded by 7 and answered by 10, a loaded again by 12.
    assert begun("lru", trace) == [2, 7, 12]


@pytest.mark.parametrize("name", ["one_lock", "fifo", "coserve", "longest_queue"])
def test_collation_serves_whoever_waits_for_the_loaded_expert(name):
    trace = asked(("a", 0), ("b", 0), ("a", 1))

    # Both a from 2 to 5, b loaded by 7.
    assert begun(name, trace) == [2, 7, 2]


def test_llama_swap_starves_an_expert_while_another_is_never_idle():
    trace = asked(("a", 0), ("b", 1), *(("a", float(at_s)) for at_s in range(3, 20, 2)))

    # The last a ends at 22, b is loaded by 24; the lock of Ray Serve lets b have its turn.
    assert begun("fifo", trace)[1] == 24
    assert begun("one_lock", trace)[1] == 7


def test_the_longest_queue_goes_first_and_a_batch_takes_no_latecomers():
    trace = asked(("a", 0), ("b", 1), ("c", 1), ("c", 1), ("a", 3))

    # a is under way when the last a comes: it waits, and c with two goes before b.
    assert begun("longest_queue", trace) == [2, 12, 7, 7, 17]


def test_read_me_evicts_what_is_not_in_the_queue():
    trace = asked(("a", 0), ("b", 0), ("c", 3), ("c", 3), ("a", 4), tokens=10)

    _, fates = played(trace, contender("longest_queue", trace), TWO_PLACES)

    # a and b share the accelerator until both are idle at 22; b, which nobody asks for, goes for c.
    assert [fate.is_hit for fate in fates] == [False, False, False, False, True]


def test_coserve_serves_groups_in_the_order_of_their_first_request():
    trace = asked(("a", 0), ("b", 1), ("c", 1), ("c", 1), ("b", 2))

    assert begun("coserve", trace) == [2, 7, 12, 12, 7]


def test_coserve_sends_a_call_where_its_expert_is():
    setting = Setting(num_slots=2, machine=MACHINE)
    trace = asked(("a", 0), ("b", 0), ("b", 10), ("a", 10), ("a", 10), ("a", 10))

    simulation, _ = played(trace, contender("coserve", trace), setting)

    assert sum(len(slot.swaps_s) for slot in simulation.slots) == 2
