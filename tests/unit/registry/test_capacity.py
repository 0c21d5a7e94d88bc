"""Whether experts fit slots, with the arithmetic in the message."""

import pytest

from orchestrator.registry.capacity import findings, need_of
from orchestrator.registry.draft import draft_of
from orchestrator.registry.engine_entry import FakeEngine, VllmEngine
from orchestrator.registry.models import Expert, Registry, Slot
from orchestrator.registry.weights import Weights

GIB = 2**30


def hosted(name="a", **engine):
    return Expert(id=name, model="m", engine=VllmEngine(**engine))


def found(experts, slots, weights):
    registry = Registry(experts=tuple(experts), slots=tuple(slots))
    return list(findings(draft_of(registry), weights))


def f16(gib):
    return Weights(bytes_by_type={"F16": int(gib * GIB)})


def test_an_expert_that_fits_is_no_finding():
    slot = Slot(name="s", memory_gib=3.5)

    # 1 on disk in 2 bytes, 2 in 4 bytes; 2 + 0.5 + 1 = 3.5
    assert found([hosted(kv_cache_gib=0.5)], [slot], {0: f16(1)}) == []


def test_room_for_adapters_is_counted_before_there_is_one():
    slot = Slot(name="s", memory_gib=2)
    weights = Weights(bytes_by_type={"F32": GIB}, num_sides=2**22)

    (finding,) = found([hosted(max_loras=2, kv_cache_gib=0.5)], [slot], {0: weights})

    # 2**22 sides x rank 16 x 4 bytes = 0.25 GiB each; two, and one that stays empty on a CPU
    assert finding.reason.endswith(
        "needs 1 weights (1 on disk x 1) + 0.75 for adapters + 0.5 KV cache + 1 engine = 3.25 GiB"
    )


def test_a_slot_too_small_for_any_expert_is_a_fault_with_its_sum():
    slot = Slot(name="s", memory_gib=3)

    (finding,) = found([hosted("a", kv_cache_gib=0.5), hosted("b")], [slot], {0: f16(1), 1: f16(2)})

    assert finding.path == ("slots", 0, "memory_gib")
    assert finding.reason == (
        "is too small for any expert: even expert 'a' needs 2 weights (1 on disk x 2) "
        "+ 0.5 KV cache + 1 engine = 3.5 GiB"
    )


def test_an_expert_too_big_for_every_slot_is_a_fault_of_its_own():
    slots = [Slot(name="s", memory_gib=3), Slot(name="l", memory_gib=4)]

    (finding,) = found([hosted("a"), hosted("b")], slots, {0: f16(0.1), 1: f16(8)})

    assert finding.path == ("experts", 1)
    assert "= 17.2 GiB; the largest, 'l', has 4 GiB" in finding.reason


@pytest.mark.parametrize(("spans", "has"), [(2, 1), (1, 2), (2, 0)])
def test_an_expert_that_spans_other_than_all_accelerators_of_a_slot_does_not_fit(spans, has):
    slots = [Slot(name="s", memory_gib=80, accelerators=has)]

    (finding,) = found([hosted(tensor_parallel=spans)], slots, {0: f16(1)})

    assert f"expert 'a' spans {spans} accelerator(s), the slot has {has}: " in finding.reason


def test_an_expert_that_spans_all_accelerators_of_a_slot_fits():
    slots = [Slot(name="s", memory_gib=160, accelerators=2)]

    assert found([hosted(tensor_parallel=2)], slots, {0: f16(60)}) == []


def test_hosted_experts_without_any_slot_are_a_fault():
    (finding,) = found([hosted()], [], {})

    assert finding.reason.startswith("there is no slot, but 1 expert(s) run on vLLM")


def test_experts_of_others_need_no_slot():
    assert found([Expert(id="a", engine=FakeEngine(kind="fake"))], [], {}) == []


@pytest.mark.parametrize(
    ("engine", "slot", "weights_gib"),
    [
        pytest.param({}, {}, 4, id="auto on a CPU is float32: 2 x 2"),
        pytest.param({}, {"accelerators": 1}, 2, id="auto on a GPU keeps the stored type"),
        pytest.param({"dtype": "bfloat16"}, {}, 2, id="2 bytes stay 2"),
        pytest.param({"dtype": "float32"}, {"accelerators": 1}, 4, id="2 bytes become 4"),
    ],
)
def test_weights_are_counted_as_they_are_loaded(engine, slot, weights_gib):
    need = need_of(hosted(**engine), f16(2), Slot(name="s", memory_gib=1, **slot))

    assert need.weights_gib == weights_gib


def test_quantised_weights_keep_their_size():
    weights = Weights(bytes_by_type={"F8_E4M3": GIB, "BF16": GIB})

    assert weights.memory_gib(bytes_per_float=4) == 3


def test_caches_and_processes_count_once_an_accelerator():
    slot = Slot(name="s", memory_gib=1, accelerators=2)

    need = need_of(hosted(tensor_parallel=2, kv_cache_gib=0.5), f16(4), slot)

    assert need.total_gib == 4 + 2 * (0.5 + 1)


def test_weights_still_on_the_hub_count_by_their_parameters():
    expert = Expert(id="a", model="org/name", parameters=GIB)

    assert need_of(expert, None, Slot(name="s", memory_gib=1)).weights_gib == 4
