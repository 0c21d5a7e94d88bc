from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.residency.actions import Sleep, Start, Stop, Swap, Wake
from orchestrator.residency.ledger import Usage, fits, freed_gib, rung_after, shortfall_gib, usage
from orchestrator.residency.state import Change, Footprint
from tests.unit.residency.played import engine, slot

#: A 7 B expert in BF16 with 10 GiB of cache; a sleeper keeps 2 GiB on the device.
FOOTPRINTS = {
    "serving": Footprint(device_gib=26),
    "asleep": Footprint(device_gib=2, host_gib=14),
    "weightless": Footprint(device_gib=2),
}


def one(id_: str, rung="serving", **fields):
    return engine(f"expert of {id_}", id_=id_, rung=rung, footprints=FOOTPRINTS, **fields)


def test_a_step_up_without_room_does_not_fit_and_says_how_much_is_missing():
    state = slot(one("a"), one("b"), one("c", "asleep"), device_gib=60)
    wake = Wake(engine="c", expert="expert of c")

    assert not fits(state, wake)
    assert shortfall_gib(state, wake) == 26 + 26 + 26 - 60


def test_sleepers_are_counted_with_what_they_keep():
    state = slot(one("a"), one("b", "asleep"), one("c", "weightless"), one("d", "stopped"))

    assert usage(state) == Usage(device_gib=26 + 2 + 2, host_gib=14)


def test_going_to_sleep_needs_host_memory_and_frees_device_memory_only_at_its_end():
    state = slot(one("a"), device_gib=26, host_gib=13)

    assert not fits(state, Sleep(engine="a", rung="asleep"))
    assert fits(state, Sleep(engine="a", rung="weightless"))
    assert freed_gib(one("a"), "weightless") == 24
    falling = slot(one("a", change=Change(step="sleep", to="weightless")))
    assert usage(falling).device_gib == 26


def test_host_memory_that_was_slept_in_is_kept_until_the_process_ends():
    assert usage(slot(one("a", has_slept=True))).host_gib == 14
    assert usage(slot(one("a", "stopped", has_slept=True))).host_gib == 0


def test_a_swap_in_place_takes_nothing_more():
    assert fits(slot(one("a"), device_gib=26), Swap(engine="a", expert="expert of a"))


steps = st.builds(
    lambda kind, id_: {
        "asleep": Sleep(engine=id_, rung="asleep"),
        "weightless": Sleep(engine=id_, rung="weightless"),
        "stop": Stop(engine=id_),
        "wake": Wake(engine=id_, expert="any"),
        "start": Start(engine=id_, expert="any"),
    }[kind],
    st.sampled_from(["asleep", "weightless", "stop", "wake", "start"]),
    st.sampled_from(["a", "b", "c", "d"]),
)


@given(
    moves=st.lists(st.tuples(steps, st.booleans()), max_size=40),
    device_gib=st.floats(30, 90),
    host_gib=st.floats(0, 60),
)
def test_no_sequence_of_steps_that_fit_ever_overdraws(moves, device_gib, host_gib):
    engines = [one(id_, "stopped") for id_ in ("a", "b", "c", "d")]
    state = slot(*engines, device_gib=device_gib, host_gib=host_gib)
    for step, ends_others in moves:
        if ends_others:
            state = replace(state, engines=tuple(_ended(e) for e in state.engines))
        if state.engine(step.engine).change is None and fits(state, step):
            state = replace(state, engines=tuple(_begun(e, step) for e in state.engines))

        used = usage(state)
        assert used.device_gib <= device_gib + 1e-6
        assert used.host_gib <= host_gib + 1e-6


def _begun(held, step):
    if held.id != step.engine:
        return held
    to = rung_after(step)
    change = Change(step="stop", to=to)
    return replace(held, change=change, has_slept=held.has_slept or to == "asleep")


def _ended(held):
    if held.change is None:
        return held
    rung = held.change.to
    return replace(held, change=None, rung=rung, has_slept=held.has_slept and rung != "stopped")


@pytest.mark.parametrize("rung", ["asleep", "weightless"])
def test_the_rung_after_a_sleep_is_the_one_asked_for(rung):
    assert rung_after(Sleep(engine="a", rung=rung)) == rung
