"""The gateway's choice among slots, in seconds: swaps take 1 s, calls 1 s, 32 of them at a time."""

import pytest

from orchestrator.residency.choice import SlotOutlook, SlotView, answer_s, delay_s


def view(last: str | None = None, *, residents=(), waits=None, outlook=None, **calls) -> SlotView:
    told = {"residents": residents, "wait_s_by_expert": waits or {}, **(outlook or {})}
    return SlotView(num_by_expert=calls, last_expert=last, outlook=SlotOutlook(**told))


def chosen(expert: str, views: dict[str, SlotView], *, homes: str = "") -> str:
    return min(views, key=lambda name: delay_s(expert, views[name], is_home=name in homes))


def test_an_expert_stays_where_its_calls_are_until_a_swap_is_sooner():
    few, many = view(maths=10), view(maths=100)

    assert chosen("maths", {"a": few, "b": view()}) == "a"
    assert chosen("maths", {"a": many, "b": view()}) == "b"


def test_an_expert_keeps_away_from_where_others_have_calls():
    assert chosen("maths", {"a": view(french=1), "b": view()}) == "b"


def test_an_expert_goes_home_although_it_was_elsewhere_last():
    views = {"a": view("maths"), "b": view("french")}

    assert chosen("maths", views, homes="b") == "a"
    assert chosen("maths", {"a": view(law=1), "b": view("french")}, homes="b") == "b"


def test_another_slot_is_asked_when_home_is_later_by_more_than_bringing_it_there():
    # Home: 4 rivals and its own swap, 5 s. Away, alone: 2 swaps. Away, among others: 1 + 4 swaps.
    busy_home = view(a=1, b=1, c=1, d=1)

    assert chosen("maths", {"home": busy_home, "else": view()}, homes="home") == "else"
    assert chosen("maths", {"home": busy_home, "else": view(x=1, y=1)}, homes="home") == "home"


def test_what_a_slot_told_of_waits_counts_as_others_have_calls_there_too():
    slow = view(waits={"maths": 30.0}, maths=1)

    assert chosen("maths", {"a": slow, "b": view()}) == "b"


def test_an_expert_that_is_resident_somewhere_idle_is_asked_there():
    assert chosen("maths", {"a": view(), "b": view(residents=("maths",))}) == "b"


def test_a_slot_whose_engines_hold_pinned_experts_is_asked_for_those_alone():
    pinned = view(residents=("law",), outlook={"may_swap": False})
    views = {"pinned": pinned, "busy": view(a=1, b=1, c=1)}

    assert chosen("maths", views, homes="pinned") == "busy"
    assert chosen("law", views) == "pinned"


def test_a_slot_with_an_engine_for_each_has_no_rivals():
    two = view(outlook={"num_engines": 2}, french=1)

    assert delay_s("maths", two, is_home=True) < delay_s("maths", view(french=1), is_home=True)


@pytest.mark.parametrize(
    ("others", "where"), [(0, "gpu"), (1, "gpu"), (6, "cpu")], ids=["idle", "one", "crowd"]
)
def test_a_cold_expert_runs_on_a_cpu_slot_once_that_is_sooner_than_its_turn(others, where):
    # On the accelerator a swap takes 2.5 s and a call 1 s; on the CPU 1 s and 20 s.
    gpu = view(outlook={"swap_s": 2.5}, **{f"e{i}": 1 for i in range(others)})
    cpu = view(outlook={"swap_s": 1.0, "call_s": 20.0})

    assert chosen("cold", {"gpu": gpu, "cpu": cpu}) == where


ANSWERS = {
    "resident": (view(residents=("maths",)), 1.0),
    "a swap": (view(), 2.0),
    "its calls run there": (view(maths=32), 2.0),
    "another has calls": (view(french=32), 4.0),
    "resident, and another has calls": (view(residents=("maths",), french=32), 3.0),
    "engines for both": (view(french=32, outlook={"num_engines": 2}), 3.0),
    "told to wait": (view(residents=("maths",), waits={"maths": 9.0}), 10.0),
}


@pytest.mark.parametrize(("seen", "seconds"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_takes_its_swaps_its_wait_and_its_call(seen, seconds):
    # Swaps and calls take 1 s; 32 calls beside one another put off the next by 1 s.
    assert answer_s("maths", seen) == seconds


def test_where_all_is_pinned_others_are_never_answered():
    pinned = view(residents=("law",), outlook={"may_swap": False})

    assert answer_s("maths", pinned) == float("inf")
