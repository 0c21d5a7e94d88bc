"""Which engines each worker starts."""

import pytest

from orchestrator.errors import SetupError
from orchestrator.registry.models import Registry
from orchestrator.service.layout import lay_out
from tests.unit.engines.checkpoints import write_model


def registry(**slot) -> Registry:
    engine = {"kind": "vllm", "kv_cache_gib": 0.25}
    experts = [{"id": name, "model": name, "engine": engine} for name in ("a", "b")]
    remote = {"id": "far", "engine": {"kind": "fake"}}
    slots = [{"name": "local", "memory_gib": 4, **slot}]
    return Registry.model_validate({"experts": [*experts, remote], "slots": slots})


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name in ("a", "b"):
        write_model(folder / name)
    return folder


def test_siblings_share_an_engine_and_upstreams_need_none(root):
    layout = lay_out(registry(), root)

    (share,) = layout.shares
    (lineage,) = share.lineages
    assert [expert.id for expert in lineage.experts] == ["a", "b"]
    hosted = {expert.key: ("local",) for expert in lineage.experts}
    assert layout.table.slots_by_expert == hosted


def test_a_slot_that_counts_for_two_is_two_slots(root):
    layout = lay_out(registry(count=2), root)

    assert [share.name for share in layout.shares] == ["local-0", "local-1"]


def test_a_slot_without_room_is_refused_before_anything_starts(root):
    # 0.25 KV cache + 1.0 for the engine, in 1.0.
    with pytest.raises(SetupError, match=r"needs 1\.25"):
        lay_out(registry(memory_gib=1), root)
