import pytest

from orchestrator.engines.vllm_settings import engine_arguments
from orchestrator.registry.models import Expert, VllmEngine


def arguments(*, on_cpu: bool, **engine):
    expert = Expert(id="general", model="m", engine=VllmEngine(**engine))
    return engine_arguments(expert, source="m", on_cpu=on_cpu, max_lora_rank=16)


def test_an_engine_takes_adapters_only_where_the_registry_says_how_many():
    assert not {"enable_lora", "max_loras", "max_lora_rank"} & arguments(on_cpu=True).keys()


def test_an_engine_on_an_accelerator_has_room_for_as_many_adapters_as_told():
    found = arguments(on_cpu=False, max_loras=2)

    assert (found["enable_lora"], found["max_loras"], found["max_lora_rank"]) == (True, 2, 16)


def test_on_a_cpu_one_place_more_stays_empty():
    """Tokens without an adapter are answered with the last one there."""
    assert arguments(on_cpu=True, max_loras=2)["max_loras"] == 3


def test_an_argument_of_the_registry_is_the_last_word():
    found = arguments(on_cpu=True, max_loras=1, args={"max_lora_rank": 64})

    assert found["max_lora_rank"] == 64


@pytest.mark.parametrize(
    ("on_cpu", "tensor_parallel", "is_one_process"),
    [(True, 1, True), (True, 2, False), (False, 1, False)],
)
def test_an_engine_on_a_cpu_is_one_process_unless_it_spans_several(
    on_cpu, tensor_parallel, is_one_process
):
    found = arguments(on_cpu=on_cpu, tensor_parallel=tensor_parallel)

    assert ("distributed_executor_backend" in found) == is_one_process


def test_an_engine_whose_threads_the_operator_binds_is_as_vllm_makes_it(monkeypatch):
    monkeypatch.setenv("VLLM_CPU_OMP_THREADS_BIND", "0-1")

    assert "distributed_executor_backend" not in arguments(on_cpu=True)
