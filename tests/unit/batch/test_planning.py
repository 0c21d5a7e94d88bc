from math import inf

import pytest

from orchestrator.batch.paces import Paces
from orchestrator.batch.planning import expert_costs, planned_slots
from orchestrator.engines.sighting import Residency, Sighting
from orchestrator.engines.slot_report import HostReport, SlotReport
from orchestrator.registry.models import Registry
from orchestrator.residency.choice import SlotOutlook
from orchestrator.residency.placement import DispatchTable

REGISTRY = Registry.model_validate(
    {
        "experts": (
            {"id": "math", "model": "math"},
            {"id": "law", "model": "law"},
            {"id": "formal", "base": "law", "adapter": "formal"},
            {"id": "afar", "engine": {"kind": "openai", "base_url": "http://x", "model": "m"}},
        ),
        "slots": ({"name": "local", "count": 2, "memory_gib": 8},),
    }
)
KEYS = {expert.id: expert.key for expert in REGISTRY.experts}
OLD = "math@of-a-generation-before"
HOSTED = (KEYS["math"], KEYS["law"], KEYS["formal"])


def host(lineage="llama", *, experts=HOSTED, residents=(KEYS["math"],), rung="serving", **fields):
    return HostReport(
        engine=f"{lineage}-0",
        lineage=lineage,
        experts=experts,
        rung=rung,
        step=None,
        step_s=None,
        draining_for=None,
        pinned=(),
        residents=residents,
        swapping_to=None,
        in_flight={},
        last_swap_s=None,
        down=None,
        **fields,
    )


def seeing(*reports, health="ready", table=None):
    hosted = {key: tuple(one.name for one in reports) or ("s0",) for key in (*HOSTED, OLD)}
    return Residency(
        slots=tuple(
            Sighting(slot=one.name, health=health, detail="", report=one) for one in reports
        ),
        table=table or DispatchTable(slots_by_expert=hosted),
    )


def test_a_slot_is_planned_with_what_it_hosts_and_holds_of_this_registry():
    report = SlotReport(
        name="s0",
        hosts=(
            host(residents=(OLD, KEYS["law"], KEYS["formal"])),
            host("qwen", experts=(), residents=(), rung="asleep"),
            host("phi", experts=(), residents=(), rung="stopped"),
        ),
        device_room_gib=7.5,
    )

    [slot] = planned_slots(seeing(report), REGISTRY)

    assert (slot.name, slot.memory_gib, slot.speed) == ("s0", 7.5, 1.0)
    assert slot.experts == {"math", "law", "formal"}
    assert slot.residents == ("law", "formal")
    assert (slot.serving, slot.asleep) == (("llama",), ("qwen",))


@pytest.mark.parametrize("health", ["failed", "silent"])
def test_a_slot_that_does_not_answer_is_not_planned_with(health):
    assert (
        planned_slots(seeing(SlotReport(name="s0", hosts=(host(),)), health=health), REGISTRY) == ()
    )


def test_a_slot_that_has_not_told_anything_is_not_planned_with():
    silent = Residency(
        slots=(Sighting(slot="s0", health="starting", detail=""),),
        table=DispatchTable(slots_by_expert={}),
    )

    assert planned_slots(silent, REGISTRY) == ()
    assert expert_costs(silent, REGISTRY, Paces()) == {}


def test_memory_that_nobody_bounds_is_infinite():
    [slot] = planned_slots(seeing(SlotReport(name="s0", hosts=(host(),))), REGISTRY)

    assert slot.memory_gib == inf


def test_steps_are_what_slots_saw_of_the_expert_else_of_its_like():
    report = SlotReport(
        name="s0",
        hosts=(host(serving_gib=3.0),),
        swap_s={KEYS["math"]: 0.2, OLD: 0.4},
        add_s={KEYS["formal"]: 0.05},
        start_s={KEYS["math"]: 12.0},
        wake_s={KEYS["law"]: 2.0},
    )

    costs = expert_costs(seeing(report), REGISTRY, Paces())

    assert set(costs) == {"math", "law", "formal"}
    assert {name: one.swap_s for name, one in costs.items()} == {
        "math": 0.2, "law": pytest.approx(0.3), "formal": 0.05
    }  # fmt: skip
    assert {one.start_s for one in costs.values()} == {12.0}
    assert {one.wake_s for one in costs.values()} == {2.0}
    assert {(one.lineage, one.memory_gib) for one in costs.values()} == {("llama", 3.0)}
    assert [one.base for one in costs.values()] == [None, None, "law"]


def test_steps_that_nobody_took_are_as_the_table_has_them():
    table = DispatchTable(
        slots_by_expert=dict.fromkeys(HOSTED, ("s0",)),
        outlook_by_slot={"s0": SlotOutlook(swap_s=0.7)},
    )

    costs = expert_costs(seeing(SlotReport(name="s0", hosts=()), table=table), REGISTRY, Paces())

    assert (costs["math"].swap_s, costs["math"].wake_s) == (0.7, inf)
    assert costs["math"].lineage != costs["law"].lineage


def test_calls_take_what_runs_of_batches_taught():
    paces = Paces()
    paces.observe("math", num_calls=5, prompt_tokens=900, output_tokens=100, took_s=4.0)

    costs = expert_costs(seeing(SlotReport(name="s0", hosts=(host(),))), REGISTRY, paces)

    math, pace = costs["math"], paces.pace("math")
    assert (math.prompt_token_s, math.output_token_s) == (pace.prompt_token_s, pace.output_token_s)
    assert math.tail_s == pace.tail_s


def test_slots_differ_in_speed_as_the_same_calls_do():
    """Math takes 1 s and 3 s, law one slot alone knows: 2 s on average is twice 1 s."""
    fast = SlotReport(name="s0", hosts=(host(),), call_s={KEYS["math"]: 1.0, KEYS["law"]: 9.0})
    slow = SlotReport(name="s1", hosts=(host(),), call_s={KEYS["math"]: 3.0})

    speeds = [slot.speed for slot in planned_slots(seeing(fast, slow), REGISTRY)]

    assert speeds == pytest.approx([2.0, 2 / 3])
