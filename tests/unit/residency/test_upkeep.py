from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.residency.actions import Sleep, Start, Stop, Wait, Wake
from orchestrator.residency.ledger import fits, usage
from orchestrator.residency.state import Change, EngineState, Footprint, SlotState
from orchestrator.residency.upkeep import upkeep, waits_to_start
from tests.unit.residency.played import ticket, waiting


def one(id_: str, rung="stopped", *, gib: float = 1.0, rungs=("stopped",), **fields) -> EngineState:
    """An engine of its own lineage, for the expert of the same name."""
    return EngineState(
        id=id_,
        lineage=id_,
        experts=[id_],
        residents=(id_,) if rung == "serving" else (),
        rung=rung,
        rungs=rungs,
        capacity=8,
        footprints={"serving": Footprint(device_gib=gib), "asleep": Footprint(device_gib=gib / 4)},
        **fields,
    )


def of(*experts: str, **fields) -> EngineState:
    """A stopped engine that can become these."""
    return replace(one("e", **fields), experts=experts)


def slot(*engines, gib: float = 4, at_once: int = 3, **fields) -> SlotState:
    return SlotState(engines=engines, device_gib=gib, at_once=at_once, **fields)


def step(state, *tickets, now_s=100.0):
    return upkeep(state, waiting(*tickets), now_s=now_s)


STARTING = Change(step="start", expert="a")
STOPPING = Change(step="stop", to="stopped")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (slot(one("a")), Start(engine="a", expert="a")),
        (slot(one("a", "serving")), Wait()),
        (slot(one("a", "serving", is_wanted=False)), Stop(engine="a")),
        (slot(one("a", "serving", is_wanted=False, in_flight={"a": 1})), Wait()),
        (slot(one("a", change=STARTING, is_wanted=False)), Wait()),
        (slot(one("a", "serving", change=STOPPING)), Wait()),
        (slot(one("a", down="no device", retry_at_s=101)), Wait(until_s=101)),
        (slot(one("a", retry_at_s=100)), Start(engine="a", expert="a")),
        (slot(one("a", down="no device", retry_at_s=101, is_wanted=False)), Wait()),
        (slot(one("a", is_resting=True)), Wait()),
        (slot(one("a", "asleep", rungs=("asleep",))), Wake(engine="a", expert="a")),
        (slot(of("b", "a"), broken={"b"}), Start(engine="e", expert="a")),
        (slot(of("b", "a", last_expert="a")), Start(engine="e", expert="a")),
        (slot(of("b", "a", last_expert="c")), Start(engine="e", expert="b")),
        (slot(one("a"), broken={"a"}), Wait()),
    ],
    ids=[
        "a new one starts",
        "one that serves is left alone",
        "one that is not wanted ends",
        "one that is not wanted ends its calls first",
        "a start is not broken off",
        "one that ends comes back afterwards",
        "a failed one waits for its time",
        "a failed one is tried again",
        "a failed one that is not wanted is not tried again",
        "one that an operator unloaded stays down",
        "a sleeper wakes where there is room",
        "it starts with an expert that is not broken",
        "it starts with what it held last",
        "an expert that it does not stand for any more is not started",
        "with none left it does not start",
    ],
)
def test_each_state_has_its_step(state, expected):
    assert step(state) == expected


def test_one_that_is_not_wanted_stays_while_somebody_waits_for_what_only_it_can_become():
    state = slot(one("a", "serving", is_wanted=False))

    assert step(state, ticket(1, "a")) == Wait()
    assert step(state, ticket(1, "elsewhere")) == Stop(engine="a")


def test_what_needs_the_room_of_one_that_leaves_waits_and_says_so():
    leaving = one("old", "serving", gib=3, is_wanted=False, in_flight={"old": 1})
    state = slot(one("new", gib=2), leaving)  # 4 - 3 < 2

    assert step(state) == Wait()
    assert waits_to_start(state.engine("new"), state)


def test_what_fits_only_in_turn_does_not_wait_to_start():
    state = slot(one("large", "serving", gib=3), one("other", gib=2))

    assert step(state) == Wait()
    assert not waits_to_start(state.engine("other"), state)


def test_a_small_one_does_not_overtake_one_whose_room_is_about_to_come():
    leaving = one("old", "serving", gib=3, is_wanted=False, in_flight={"old": 1})

    assert step(slot(one("large", gib=2), one("small"), leaving)) == Wait()


def test_a_small_one_starts_where_a_larger_one_fits_only_in_turn():
    state = slot(one("here", "serving", gib=3), one("large", gib=2), one("small"))

    assert step(state) == Start(engine="small", expert="small")


def test_engines_start_at_a_time_as_many_as_allowed_and_wake_beside_that():
    starting = one("a", change=STARTING)

    assert step(slot(starting, one("b"), at_once=1)) == Wait()
    assert step(slot(starting, one("b"), at_once=2)) == Start(engine="b", expert="b")
    sleeper = one("b", "asleep", rungs=("asleep", "stopped"))
    assert step(slot(starting, sleeper, at_once=1)) == Wake(engine="b", expert="b")


def test_where_memory_moves_alone_nothing_else_does_meanwhile_but_swaps():
    leaving = one("c", "serving", is_wanted=False)
    sleeping = one("a", "serving", change=Change(step="sleep", to="asleep"))
    swapping = one("a", "serving", change=Change(step="swap", expert="d"))

    assert step(slot(sleeping, one("b"), leaving, moves_alone=True)) == Wait()
    assert step(slot(swapping, one("b"), leaving, moves_alone=True)) == Stop(engine="c")


def test_nothing_comes_up_ahead_of_need_while_somebody_waits_for_room():
    state = slot(one("here", "serving", gib=3), one("large", gib=2), one("small"))

    assert step(state, ticket(1, "large")) == Wait()


def test_one_that_is_to_rest_steps_down_as_far_as_it_can_once_nobody_waits():
    rungs = ("serving", "asleep", "stopped")
    resting = one("a", "serving", is_resting=True, rungs=rungs)
    sleepy = one("a", "serving", is_resting=True, rungs=("serving", "asleep"))

    assert step(slot(resting)) == Stop(engine="a")
    assert step(slot(sleepy)) == Sleep(engine="a", rung="asleep")
    assert step(slot(resting), ticket(1, "a")) == Wait()


def test_one_too_many_steps_down_though_somebody_waits_for_it():
    surplus = one("a", "serving", is_surplus=True)

    assert step(slot(surplus), ticket(1, "a")) == Stop(engine="a")


class Model:
    """A slot whose engines come and go as fast as they are told to."""

    def __init__(self, draw) -> None:
        self.engines: dict[str, EngineState] = {}
        self._draw = draw

    @property
    def state(self) -> SlotState:
        return slot(*self.engines.values(), gib=8, at_once=2)

    def plan(self, wanted: dict[str, float]) -> None:
        known = {name: self.engines.get(name) or one(name, gib=wanted[name]) for name in wanted}
        others = {k: v for k, v in self.engines.items() if k not in wanted}
        self.engines = {k: replace(v, is_wanted=k in wanted) for k, v in (known | others).items()}

    def act(self) -> None:
        while not isinstance(action := upkeep(self.state, waiting(), now_s=0.0), Wait):
            assert isinstance(action, Stop) or fits(self.state, action)
            is_up = isinstance(action, Start)
            change = STARTING if is_up else STOPPING
            self._put(action.engine, change=change)
            self.check()
        gone = [k for k, v in self.engines.items() if not v.is_wanted and self._is_out(v)]
        for name in gone:
            del self.engines[name]

    def end(self, name: str) -> None:
        engine = self.engines[name]
        if engine.change is None:
            return
        is_up = engine.change.to == "serving" and self._draw.random() < 0.8
        rung, residents = ("serving", (name,)) if is_up else ("stopped", ())
        self._put(name, change=None, rung=rung, residents=residents)

    def check(self) -> None:
        assert usage(self.state).device_gib <= 8
        changes = (one.change for one in self.engines.values())
        assert sum(one is not None and one.step == "start" for one in changes) <= 2

    def _is_out(self, engine: EngineState) -> bool:
        return engine.rung == "stopped" and engine.change is None

    def _put(self, name: str, **changes) -> None:
        self.engines[name] = replace(self.engines[name], **changes)


NAMES = st.sampled_from("abcdef")
PLANS = st.dictionaries(NAMES, st.sampled_from([1.0, 2.0, 3.0]), max_size=5)


@given(plans=st.lists(PLANS, min_size=1), draw=st.randoms(use_true_random=False))
def test_any_sequence_of_plans_never_overdraws_and_ends_in_the_last(plans, draw):
    model = Model(draw)

    for wanted in plans:
        model.plan(wanted)
        model.act()
        for name in draw.sample(sorted(model.engines), len(model.engines) // 2):
            model.end(name)
    for _ in range(30):
        model.act()
        for name in sorted(model.engines):
            model.end(name)
    model.act()

    assert set(model.engines) == set(plans[-1])
    state = model.state
    down = [one for one in state.engines if one.rung == "stopped" and one.change is None]
    assert not [one.id for one in down if fits(state, Start(engine=one.id, expert=one.id))]
