import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.engines.vllm_settings import engine_arguments, prepare_environment
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert

UNI = "vllm.v1.executor.uniproc_executor.UniProcExecutor"


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
    ("on_cpu", "tensor_parallel", "executor"),
    [
        pytest.param(True, 1, UNI, id="one process on a CPU"),
        pytest.param(True, 2, "mp", id="one a part of a CPU"),
        pytest.param(False, 1, None, id="as vLLM makes it on an accelerator"),
        pytest.param(False, 2, "mp", id="one an accelerator, on its node"),
    ],
)
def test_an_engine_is_one_process_unless_it_spans_several(on_cpu, tensor_parallel, executor):
    found = arguments(on_cpu=on_cpu, tensor_parallel=tensor_parallel)

    assert found.get("distributed_executor_backend") == executor
    assert found["tensor_parallel_size"] == tensor_parallel


def test_an_engine_whose_threads_the_operator_binds_is_as_vllm_makes_it(monkeypatch):
    monkeypatch.setenv("VLLM_CPU_OMP_THREADS_BIND", "0-1")

    assert "distributed_executor_backend" not in arguments(on_cpu=True)


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


def test_logging_while_another_engine_sets_up_logging_ends(monkeypatch):
    """Workers stood still in it, until Ray Serve replaced them after three minutes."""
    monkeypatch.delenv("VLLM_LOGGING_STREAM", raising=False)
    prepare_environment()
    stream = os.environ["VLLM_LOGGING_STREAM"]
    program = Path(__file__).with_name("logs_while_configured.py")

    ended = subprocess.run(
        [sys.executable, program, stream], capture_output=True, timeout=60, check=False
    )

    assert ended.returncode == 0, ended.stderr
    assert b"line 1999" in ended.stdout + ended.stderr
