from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Bandwidths, Prior
from orchestrator.residency.actions import Add
from orchestrator.residency.prefetch import HINT_S, Ahead, Shelf, adapter_ahead, look_ahead
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import Change, EngineState, SlotState
from orchestrator.residency.tickets import Ticket

# 4 GiB from a disk take 4 s, from the page cache 1 s.
COSTS = Costs(Prior(default_gib=4, bandwidths=Bandwidths(read_gib_per_s=4, disk_gib_per_s=1)))
EXPERTS = ("maths", "french", "law", "music")
ENGINE = EngineState(
    id="e", lineage="l", experts=frozenset(EXPERTS), residents=("maths",), capacity=4
)
ROOM = Shelf(room_gib=100)


def slot(engine: EngineState = ENGINE, *, broken=(), **fields) -> SlotState:
    return SlotState(engines=(replace(engine, **fields),), broken=broken)


def waiting(*experts: str) -> Queues:
    """One ticket each, in this order."""
    queues = Queues()
    for number, expert in enumerate(experts):
        queues.add(Ticket(id=number, expert=expert, arrived_s=float(number)))
    return queues


def ahead(state=None, queues=None, shelf=ROOM, *, costs=COSTS, hints=None, now_s=0.0) -> Ahead:
    return look_ahead(
        state or slot(), queues or Queues(), costs, shelf, hints=hints or {}, now_s=now_s
    )


@pytest.mark.parametrize(
    ("state", "queues", "hints"),
    [
        pytest.param(slot(), waiting(), {}, id="nobody waits"),
        pytest.param(slot(), waiting("maths"), {}, id="what waits is resident"),
        pytest.param(slot(), waiting("chess"), {"go": 0.0}, id="no engine can become it"),
        pytest.param(slot(down="it died"), waiting("law"), {}, id="the engine is dead"),
        pytest.param(
            slot(change=Change(step="swap", expert="law")),
            waiting("law"),
            {},
            id="it is being read",
        ),
        pytest.param(slot(), waiting(), {"law": -HINT_S}, id="the hint is old"),
    ],
)
def test_nothing_is_brought_in_vain(state, queues, hints):
    assert ahead(state, queues, hints=hints) == Ahead()


def test_who_waits_longest_is_brought_first():
    assert ahead(queues=waiting("maths", "law", "french")).fetch == "law"


def test_whom_an_engine_drains_for_comes_before_all_who_wait():
    assert ahead(slot(draining_for="music"), waiting("law", "music")).fetch == "music"


def test_what_a_composition_will_ask_comes_after_what_waits():
    hints = {"music": -2.0, "french": -1.0}

    assert ahead(queues=waiting("law"), hints=hints).fetch == "law"
    assert ahead(hints=hints).fetch == "music"


def test_a_stopped_engine_finds_its_weights_near_when_it_starts():
    state = slot(rung="stopped", residents=())

    assert ahead(state, waiting("law")).fetch == "law"


def test_a_sleeper_needs_no_file_for_what_it_wakes_up_with():
    assert ahead(slot(rung="asleep"), waiting("maths")) == Ahead()
    assert ahead(slot(rung="weightless"), waiting("maths")).fetch == "maths"


def test_what_is_near_is_left_until_that_is_no_longer_believed():
    shelf = replace(ROOM, near_until_s={"law": 10.0})

    assert ahead(queues=waiting("law", "french"), shelf=shelf, now_s=9.0).fetch == "french"
    assert ahead(queues=waiting("law", "french"), shelf=shelf, now_s=10.0).fetch == "law"


@pytest.mark.parametrize(
    ("gib", "disk_gib_per_s", "fetched"),
    [
        pytest.param(0.002, 1.0, None, id="1.5 ms are no gain"),
        pytest.param(0.1, 1.0, "law", id="75 ms are"),
        pytest.param(4.0, 4.0, None, id="the disk is as fast"),
    ],
)
def test_weights_are_brought_where_that_saves_time(gib, disk_gib_per_s, fetched):
    by = Bandwidths(read_gib_per_s=4, disk_gib_per_s=disk_gib_per_s)

    found = ahead(queues=waiting("law"), costs=Costs(Prior(default_gib=gib, bandwidths=by)))

    assert found.fetch == fetched


def test_right_guesses_are_bounded_and_later_ones_wait():
    shelf = Shelf(room_gib=9, brought=["law", "french"], near_until_s={"law": 9, "french": 9})

    assert ahead(queues=waiting("law", "french", "music"), shelf=shelf) == Ahead()


@pytest.mark.parametrize("step", ["swap", "start", "reload"])
def test_the_disk_is_left_to_a_step_that_reads_from_it(step):
    swapping = slot(change=Change(step=step, expert="law"))
    queues = waiting("law", "french")

    assert ahead(swapping, queues) == Ahead()
    assert ahead(swapping, queues, replace(ROOM, near_until_s={"law": 9.0})).fetch == "french"


def test_a_step_that_reads_nothing_leaves_the_disk_free():
    assert ahead(slot(change=Change(step="sleep")), waiting("law")).fetch == "law"


def test_an_expert_larger_than_the_room_is_not_brought():
    assert ahead(queues=waiting("law"), shelf=Shelf(room_gib=3.9)) == Ahead()


def test_wrong_guesses_give_their_room_back_where_it_is_wanted():
    shelf = Shelf(room_gib=8, brought=["french", "music"])

    assert ahead(queues=waiting("law"), shelf=shelf) == Ahead(
        fetch="law", release=("french", "music")
    )
    assert ahead(queues=waiting("law"), shelf=replace(shelf, room_gib=12)) == Ahead(fetch="law")


def test_a_fetch_under_way_counts_once():
    # 4 GiB of law, half of them here: the room for it is there.
    assert ahead(queues=waiting("law"), shelf=Shelf(room_gib=4, brought=["law"])).fetch == "law"


def test_what_nobody_waits_for_any_more_is_given_up():
    assert ahead(queues=waiting(), shelf=Shelf(room_gib=8, brought=["law"])).fetch is None


@given(
    queued=st.lists(st.sampled_from(EXPERTS), max_size=8),
    near=st.sets(st.sampled_from(EXPERTS)),
    brought=st.sets(st.sampled_from(EXPERTS)),
    hinted=st.sets(st.sampled_from(EXPERTS)),
    room_gib=st.floats(0, 20),
)
def test_whatever_happens_the_room_is_never_overdrawn_nor_a_resident_fetched(
    queued, near, brought, hinted, room_gib
):
    shelf = Shelf(
        near_until_s=dict.fromkeys(near, 10.0), brought=sorted(brought), room_gib=room_gib
    )

    found = ahead(queues=waiting(*queued), shelf=shelf, hints=dict.fromkeys(hinted, 0.0))

    assert found.fetch != "maths"
    assert found.fetch not in near
    assert not set(found.release) & (set(queued) - {"maths"})
    if found.fetch is not None:
        kept = brought - set(found.release) | {found.fetch}
        assert 4 * len(kept) <= room_gib


ADAPTED = replace(
    ENGINE, experts=frozenset({*EXPERTS, "formal"}), adapters=["formal"], max_adapters=1
)


def added(engine=ADAPTED, *, hints=None, now_s=0.0, **fields):
    return adapter_ahead(
        slot(engine, **fields), hints={"formal": 0.0} if hints is None else hints, now_s=now_s
    )


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"hints": {}}, id="nothing was announced"),
        pytest.param({"now_s": HINT_S}, id="long ago"),
        pytest.param({"hints": {"law": 0.0}}, id="it is no adapter"),
        pytest.param({"max_adapters": 0}, id="there is no room"),
        pytest.param({"residents": ("maths", "formal")}, id="it is there"),
        pytest.param({"draining_for": "law"}, id="the engine drains"),
        pytest.param({"change": Change(step="swap", expert="law")}, id="the engine swaps"),
        pytest.param({"rung": "asleep"}, id="the engine sleeps"),
        pytest.param({"adapters": ()}, id="it belongs on other weights"),
        pytest.param({"broken": ("formal",)}, id="it could not be added a while ago"),
    ],
)
def test_no_adapter_is_added_ahead_in_vain(fields):
    assert added(**fields) is None


def test_an_adapter_that_was_announced_is_added_where_there_is_room():
    assert added() == Add(engine="e", expert="formal")
