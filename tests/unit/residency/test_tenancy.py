from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.residency.tenancy import (
    Close,
    Drain,
    Forget,
    Start,
    Tenant,
    Welcome,
    next_steps,
    waits_for_room,
)


def tenant(lineage: str, state: str = "up", *, gib: float = 1.0, **fields) -> Tenant:
    return Tenant(lineage=lineage, state=state, memory_gib=gib, **fields)


def steps(*tenants: Tenant, want: dict[str, float], room_gib: float = 4, at_once: int = 3):
    return next_steps(tenants, want, room_gib=room_gib, at_once=at_once, now_s=100.0)


@pytest.mark.parametrize(
    ("held", "wanted", "expected"),
    [
        ([], {"a": 1}, (Start(lineage="a"),)),
        ([tenant("a")], {"a": 1}, ()),
        ([tenant("a")], {}, (Drain(lineage="a"),)),
        ([tenant("a", "draining")], {}, ()),
        ([tenant("a", "draining", is_idle=True)], {}, (Close(lineage="a"),)),
        ([tenant("a", "draining")], {"a": 1}, (Welcome(lineage="a"),)),
        ([tenant("a", "starting")], {}, ()),
        ([tenant("a", "closing")], {"a": 1}, ()),
        ([tenant("a", "failed", retry_at_s=101)], {"a": 1}, ()),
        ([tenant("a", "failed", retry_at_s=100)], {"a": 1}, (Start(lineage="a"),)),
        ([tenant("a", "failed", retry_at_s=101)], {}, (Forget(lineage="a"),)),
        ([tenant("a")], {"b": 1}, (Drain(lineage="a"), Start(lineage="b"))),
    ],
    ids=[
        "a new one starts",
        "one that is up is left alone",
        "one that is not wanted drains",
        "one that drains is waited for",
        "one that has drained is closed",
        "one that drains is wanted again",
        "a start is not broken off",
        "one that closes comes back afterwards",
        "a failed one waits for its time",
        "a failed one is tried again",
        "a failed one that is not wanted is forgotten",
        "one leaves while another comes",
    ],
)
def test_each_state_has_its_step(held, wanted, expected):
    assert steps(*held, want=wanted) == expected


def test_what_needs_the_room_of_one_that_leaves_waits_and_says_so():
    held, wanted = [tenant("old", "draining", gib=3)], {"new": 2.0}  # 4 - 3 < 2

    assert steps(*held, want=wanted) == ()
    assert waits_for_room(held, wanted, room_gib=4) == ("new",)
    assert waits_for_room([], wanted, room_gib=4) == ()


def test_on_an_accelerator_one_engine_starts_at_a_time():
    assert steps(want={"a": 1, "b": 1}, at_once=1) == (Start(lineage="a"),)
    assert steps(tenant("a", "starting"), want={"a": 1, "b": 1}, at_once=1) == ()


def test_a_small_one_does_not_overtake_a_large_one_for_ever():
    assert steps(tenant("old", gib=3), want={"large": 2, "small": 1}) == (Drain(lineage="old"),)


class Model:
    """A slot whose engines start and close as fast as they are told to."""

    def __init__(self, draw) -> None:
        self.held: dict[str, Tenant] = {}
        self._draw = draw

    def act(self, wanted: dict[str, float]) -> None:
        for step in next_steps(list(self.held.values()), wanted, room_gib=8, at_once=2, now_s=0.0):
            match step:
                case Start(lineage=name):
                    self.held[name] = tenant(name, "starting", gib=wanted[name])
                case Forget(lineage=name):
                    del self.held[name]
                case _:
                    state = {Drain: "draining", Welcome: "up", Close: "closing"}[type(step)]
                    self.held[step.lineage] = replace(
                        self.held[step.lineage], state=state, is_idle=True
                    )

    def end(self, name: str) -> None:
        if self.held[name].state == "closing":
            del self.held[name]
        elif self.held[name].state == "starting":
            state = self._draw.choice(["up", "failed"])
            self.held[name] = replace(self.held[name], state=state)

    def check(self) -> None:
        here = [one for one in self.held.values() if one.state != "failed"]
        assert sum(one.memory_gib for one in here) <= 8
        assert sum(one.state == "starting" for one in here) <= 2


NAMES = st.sampled_from("abcdef")
PLANS = st.dictionaries(NAMES, st.sampled_from([1.0, 2.0]), max_size=4)


@given(plans=st.lists(PLANS, min_size=1), draw=st.randoms(use_true_random=False))
def test_any_sequence_of_plans_never_overdraws_and_ends_in_the_last(plans, draw):
    model = Model(draw)

    for wanted in plans:
        model.act(wanted)
        model.check()
        for name in draw.sample(sorted(model.held), len(model.held) // 2):
            model.end(name)
    for _ in range(9):
        model.act(plans[-1])
        model.check()
        for name in sorted(model.held):
            model.end(name)

    assert {name for name in model.held if model.held[name].state in {"up", "failed"}} == set(
        plans[-1]
    )
