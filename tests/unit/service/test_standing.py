import pytest

from orchestrator.engines.circuits import Circuit
from orchestrator.residency.placement import DispatchTable
from orchestrator.service.reports import Census
from orchestrator.service.standing import Broken, Standing
from tests.unit.service.calling import Clock

HOSTED = DispatchTable(slots_by_expert={"maths@1": ("local",)})


def standing(clock: Clock, **census) -> Standing:
    made = Standing(clock=clock)
    made.hear(Census(table=census.pop("table", HOSTED), workers=(), **census))
    return made


def test_where_all_is_well_every_part_is_up():
    found = standing(Clock()).readiness(None, ("maths@1",))

    assert (found.status, found.reasons, found.degraded) == ("ready", (), ())
    assert set(found.parts) == {"programs", "slots", "engines", "store", "conductor", "runner"}
    assert set(found.parts.values()) == {"up"}


def test_before_the_conductor_has_answered_nothing_is_ready():
    found = Standing(clock=Clock()).readiness(None, ())

    assert (found.status, found.reasons) == ("not ready", ("no dispatch table yet",))


def test_without_a_generation_the_reason_is_told():
    found = standing(Clock()).readiness("no generation yet", ())

    assert (found.status, found.parts["programs"]) == ("not ready", "no generation yet")


def test_an_expert_that_no_slot_hosts_is_a_reason():
    found = standing(Clock()).readiness(None, ("maths@1", "law@1"))

    assert found.reasons == ("no slot hosts law@1 yet",)


def test_an_expert_that_waits_for_a_restart_is_served_after_it():
    awaited = DispatchTable(slots_by_expert={}, awaited=frozenset({"maths@1"}))

    found = standing(Clock(), table=awaited).readiness(None, ("maths@1",))

    assert (found.is_ready, found.parts["slots"]) == (True, "calls for maths@1 wait for a restart")


def test_a_store_that_is_away_degrades_and_says_since_when():
    clock = Clock()
    seen = []
    one = standing(clock)
    one.changed = seen.append
    one.see_store("connection refused")
    clock.now_s += 2.0
    one.see_store("connection refused")
    one.hear(Census(table=HOSTED, workers=()))

    found = one.readiness(None, ("maths@1",))
    one.see_store(None)

    assert (found.status, found.is_ready) == ("degraded", True)
    assert found.degraded[0].startswith("store: away for 2 s (connection refused); ")
    assert one.readiness(None, ()).status == "ready"
    assert seen == [False, True]


def test_a_silent_conductor_and_a_silent_runner_degrade():
    clock = Clock()
    one = standing(clock, is_runner_up=False)
    clock.now_s += 4.0

    found = one.readiness(None, ("maths@1",))

    assert found.degraded == (
        "conductor: silent for 4 s; calls go by the last dispatch table",
        "runner: silent; batches pause until it is back",
    )


def test_a_service_that_stops_is_not_ready():
    found = standing(Clock(), ends_in_s=3.0).readiness(None, ("maths@1",))

    assert (found.is_ready, found.reasons) == (False, ("the service stops: no new requests",))


def opened(engine: str, *, is_upstream: bool = True) -> Circuit:
    return Circuit(
        engine=engine,
        state="open",
        for_s=2.0,
        retry_s=3.0,
        reason="limited",
        num_failures=3,
        is_refusing=is_upstream,
        is_upstream=is_upstream,
    )


def test_an_engine_that_is_left_alone_degrades_and_is_named():
    circuits = (opened("law@1"), opened("local", is_upstream=False))
    broken = Broken(circuits=circuits, upstreams=("law@1", "code@1"))

    found = standing(Clock()).readiness(None, ("maths@1",), broken=broken)

    assert (found.status, found.is_ready) == ("degraded", True)
    assert found.parts["engines"] == (
        "left alone here: law for 2 s (limited), tried in 3 s; "
        "slot local for 2 s (limited), tried in 3 s"
    )


@pytest.mark.parametrize(
    ("hosted", "refused", "is_ready"),
    [
        ((), ("law@1", "code@1"), False),
        ((), ("law@1",), True),
        (("maths@1",), ("law@1", "code@1"), True),
    ],
    ids=["nobody", "one upstream", "a slot"],
)
def test_where_nobody_is_left_to_ask_nothing_is_ready(hosted, refused, is_ready):
    circuits = tuple(opened(one) for one in refused)
    broken = Broken(circuits=circuits, upstreams=("law@1", "code@1"))

    found = standing(Clock()).readiness(None, hosted, broken=broken)

    assert found.is_ready == is_ready
    assert bool(found.reasons) != is_ready
