"""What must hold before anything starts."""

from pathlib import Path

import pytest

from orchestrator.engines.lineage import Lineage
from orchestrator.errors import MissingExtraError, RegistryError, SetupError
from orchestrator.registry.models import Expert, Registry, Slot
from orchestrator.residency.placement import DispatchTable
from orchestrator.service.layout import Layout, Share
from orchestrator.service.preflight import check, require_extras, require_keys, require_memory
from orchestrator.service.settings import Settings


def layout(*, accelerators: int | None) -> Layout:
    """One slot with an engine; none where `accelerators` is."""
    table = DispatchTable(slots_by_expert={})
    if accelerators is None:
        return Layout(shares=(), table=table, own=())
    slot = Slot(name="local", memory_gib=4, accelerators=accelerators)
    line = Lineage(id="llama", experts=(Expert(id="a", model="a"),), root=Path())
    return Layout(shares=(Share(name="local", slot=slot, lineages=(line,)),), table=table, own=())


def test_too_little_memory_names_both_numbers_and_what_to_change():
    with pytest.raises(SetupError, match=r"5\.0 GiB of memory are needed and 3\.2 GiB are free"):
        require_memory(5.0, free_gib=3.2)


def test_memory_that_is_enough_is_enough():
    require_memory(3.2, free_gib=3.2)


@pytest.mark.parametrize(("accelerators", "extra"), [(0, "cpu"), (1, "gpu")])
def test_hosted_experts_need_the_vllm_of_their_slots(accelerators, extra):
    with pytest.raises(MissingExtraError, match=rf"'orchestrator\[{extra}\]'"):
        require_extras(layout(accelerators=accelerators), is_installed=lambda name: name != "vllm")


def test_upstreams_alone_need_no_vllm():
    require_extras(layout(accelerators=None), is_installed=lambda name: name != "vllm")


def test_a_registry_that_is_not_there_is_named(tmp_path):
    settings = Settings(registry=tmp_path / "missing.yaml", port=19_998)

    with pytest.raises(SetupError, match=r"there is no registry '.*missing\.yaml'"):
        check(settings)


def test_keys_that_are_not_set_are_named_before_anything_starts():
    engine = {"kind": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"}
    ups = [Expert(id=name, engine=engine | {"api_key_env": f"{name}_KEY"}) for name in "ABC"]
    registry = Registry(experts=ups)

    with pytest.raises(RegistryError) as raised:
        require_keys(registry, {"A_KEY": "set", "B_KEY": ""})

    assert [line.split(",")[0] for line in raised.value.message.splitlines()] == [
        "expert 'B': environment variable 'B_KEY'",
        "expert 'C': environment variable 'C_KEY'",
    ]


def test_memory_of_the_host_counts_engines_on_the_cpu_only():
    # 0 weights + 0.25 KV cache + 1.0 engine; an accelerator's memory is not the host's.
    assert layout(accelerators=0).host_memory_gib == 1.25
    assert layout(accelerators=1).host_memory_gib == 0
