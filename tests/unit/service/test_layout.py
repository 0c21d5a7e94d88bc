"""Which engines each worker starts."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import SetupError
from orchestrator.registry.capacity import need_of
from orchestrator.registry.models import Registry
from orchestrator.registry.weights import weights_at
from orchestrator.residency.limits import LoopLimits
from orchestrator.service.claims import claimed_gib
from orchestrator.service.layout import Layout, assignment_of, grouped, lay_out
from tests.unit.engines.checkpoints import write_model


def registry(**slot) -> Registry:
    engine = {"kind": "vllm", "kv_cache_gib": 0.25}
    experts = [{"id": name, "model": name, "engine": engine} for name in ("a", "b")]
    remote = {"id": "far", "engine": {"kind": "fake"}}
    slots = [{"name": "local", "memory_gib": 4, **slot}]
    return Registry.model_validate({"experts": [*experts, remote], "slots": slots})


def laid_out(of: Registry, root: Path) -> Layout:
    return lay_out(of, grouped(of, root))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name in ("a", "b"):
        write_model(folder / name)
    return folder


def test_siblings_share_an_engine_and_upstreams_need_none(root):
    layout = laid_out(registry(), root)

    (share,) = layout.shares
    (lineage,) = share.lineages
    assert [expert.id for expert in lineage.experts] == ["a", "b"]
    hosted = {expert.key: ("local",) for expert in lineage.experts}
    assert layout.table.slots_by_expert == hosted


def test_a_slot_that_counts_for_two_is_two_slots(root):
    layout = laid_out(registry(count=2), root)

    assert [share.name for share in layout.shares] == ["local", "local-1"]


def test_what_is_proposed_is_placed_beside_what_is_live_each_definition_once(root):
    live, proposed = registry(), registry(count=1)
    changed = proposed.experts[0].model_copy(update={"sha256": {"config.json": "a" * 64}})
    dearer = proposed.experts[1].model_copy(update={"tags": ("dear",)})
    proposed = proposed.model_copy(update={"experts": (changed, dearer)})

    layout = lay_out(proposed, grouped(proposed, root), beside=grouped(live, root))

    (lineage,) = layout.shares[0].lineages
    assert {one.key for one in lineage.experts} == {live.experts[0].key, changed.key, dearer.key}
    assert lineage.expert("b").tags == ("dear",)


def test_what_is_live_keeps_its_lineage_when_its_folder_is_another_now(root):
    live, (before,) = registry(), grouped(registry(), root)
    (now,) = (replace(line, id="another") for line in grouped(live, root))

    layout = lay_out(live, [now], beside=[before])

    assert [one.id for one in layout.shares[0].lineages] == [before.id, "another"]


def test_an_assignment_has_another_stamp_when_anything_that_a_worker_acts_on_changed(root):
    (share,) = laid_out(registry(), root).shares
    wider = replace(share, slot=share.slot.model_copy(update={"memory_gib": 9}))
    fewer = replace(share, lineages=())

    stamps = [
        assignment_of(one, limits=LoopLimits(max_queue=queue)).stamp
        for one, queue in ((share, 8), (share, 9), (wider, 8), (fewer, 8), (share, 8))
    ]

    assert stamps[0] == stamps[-1]
    assert len(set(stamps)) == 4


def test_on_accelerators_engines_sleep_and_move_memory_one_at_a_time(root):
    cpu, gpu = registry(engines=2), registry(accelerators=1, engines=2)
    told = [assignment_of(laid_out(of, root).shares[0], limits=LoopLimits()) for of in (cpu, gpu)]

    assert [(one.at_once, one.moves_alone, one.num_engines) for one in told] == [
        (3, False, 2), (1, True, 2)
    ]  # fmt: skip
    on_cpu, on_gpu = (next(iter(one.footprints.values())) for one in told)
    assert list(on_cpu) == ["serving"]
    assert on_gpu["asleep"].device_gib == on_gpu["weightless"].device_gib == 1.5
    assert on_gpu["asleep"].host_gib > on_gpu["weightless"].host_gib == 0


def test_a_slot_without_room_is_refused_before_anything_starts(root):
    # 0.25 KV cache + 1.0 for the engine, in 1.0.
    with pytest.raises(SetupError, match=r"needs 1\.25"):
        laid_out(registry(memory_gib=1), root)


def test_what_a_slot_that_leaves_has_alone_needs_no_other_place(root):
    live = registry()
    before = laid_out(live, root)
    proposed = registry(name="other")
    (line,) = before.own
    (own,) = (replace(one, id="new", experts=one.experts[:1]) for one in before.own)

    layout = lay_out(proposed, [own], beside=before.own, standing=before.shares)

    assert layout.slots_by_lineage == {"new": ("other",)}
    assert layout.leaving == before.shares
    assert layout.moving == {line.id}


def test_what_is_served_on_is_placed_before_its_slot_leaves(root):
    before = laid_out(registry(), root)

    layout = lay_out(registry(name="other"), before.own, beside=before.own, standing=before.shares)

    assert layout.slots_by_lineage == {before.own[0].id: ("other",)}
    assert [share.name for share in layout.every_share] == ["other", "local"]


def test_two_slots_that_come_to_one_name_are_refused(root):
    twice = registry(count=2)
    slots = (*twice.slots, twice.slots[0].model_copy(update={"name": "local-1", "count": 1}))

    with pytest.raises(SetupError, match="slot 'local-1' is listed twice"):
        laid_out(twice.model_copy(update={"slots": slots}), root)


@pytest.mark.parametrize(
    ("engine", "accelerators"),
    [
        pytest.param({}, 0, id="float16 on disk is float32 on a CPU"),
        pytest.param({"max_loras": 2}, 0, id="room for adapters"),
        pytest.param({"tensor_parallel": 2, "max_loras": 1}, 2, id="an engine on two accelerators"),
    ],
)
def test_a_placed_engine_takes_what_the_check_counted(root, engine, accelerators):
    engine = {"kind": "vllm", "kv_cache_gib": 0.25} | engine
    slot = {"name": "local", "memory_gib": 80, "accelerators": accelerators}
    one = Registry.model_validate(
        {"experts": [{"id": "a", "model": "a", "engine": engine}], "slots": [slot]}
    )
    (lineage,) = grouped(one, root)

    need = need_of(one.experts[0], weights_at(root / "a"), one.slots[0])

    assert claimed_gib(lineage, one.slots[0]) == pytest.approx(need.total_gib)
