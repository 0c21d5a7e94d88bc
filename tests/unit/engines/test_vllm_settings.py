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


def test_an_engine_sleeps_only_where_its_platform_can():
    sleeping = engine_arguments(
        Expert(id="e", model="m", engine=VllmEngine()), source="m", on_cpu=False, sleeps=True
    )

    assert sleeping["enable_sleep_mode"] is True
    assert "enable_sleep_mode" not in arguments(on_cpu=True)


def test_an_engine_on_an_accelerator_starts_beside_another():
    """vLLM's default asks for 92 % of it to be free."""
    assert arguments(on_cpu=False)["gpu_memory_utilization"] < 0.05
    assert "gpu_memory_utilization" not in arguments(on_cpu=True)


def test_an_engine_over_several_accelerators_keeps_its_ranks_on_its_node():
    one, two = arguments(on_cpu=False), arguments(on_cpu=False, tensor_parallel=2)

    assert "distributed_executor_backend" not in one
    assert (two["tensor_parallel_size"], two["distributed_executor_backend"]) == (2, "mp")
