"""Engine arguments, by the source of a vLLM that is never imported."""

import pytest

from orchestrator.engines.vllm_args import arguments_in, field_name, installed_arguments, normalised

SOURCE = '''
raise RuntimeError("this is read, not run")
class Other:
    unrelated: int = 0
class EngineArgs:
    """Docstring."""
    model: str = ModelConfig.model
    runner: RunnerOption = ModelConfig.runner
    max_num_seqs: int | None = None
    block_size: "int | None" = None
    enable_prefix_caching: bool | None = None
    cpu_offload_gb: float = 0
    cpu_offload_params: set[str] = field()
    additional_config: dict[str, Any] = field()
    served_model_name: str | list[str] | None = None
    quantization: QuantizationMethods | str | None = None
    compilation_config: CompilationConfig = field()
    load_format: str | LoadFormats = "auto"
    jit_monitor_mode: Literal["warn", "error"] = "warn"
    max_lora_rank: MaxLoRARanks = LoRAConfig.max_lora_rank
    _api_process_count: int = 1
class AsyncEngineArgs(EngineArgs):
    enable_log_requests: bool = False
'''
CONFIG = """
RunnerType = Literal["generate",
    "pooling"]
MaxLoRARanks = Literal[1, 8, 16]
RunnerOption: TypeAlias = Literal["auto", RunnerType]
"""


@pytest.fixture
def arguments(tmp_path):
    for folder, file, text in [("engine", "arg_utils.py", SOURCE), ("config", "model.py", CONFIG)]:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_text(text)
    return arguments_in(tmp_path)


@pytest.mark.parametrize(
    "args",
    [
        {"max_num_seqs": 8}, {"max-num-seqs": None}, {"block_size": 16},
        {"enable_prefix_caching": False}, {"cpu_offload_gb": 1}, {"cpu_offload_gb": 0.5},
        {"cpu_offload_params": ["a"]}, {"additional_config": {"a": 1}}, {"runner": "pooling"},
        {"quantization": "any-plugin"}, {"compilation_config": {"mode": 3}},
        {"max_lora_rank": 8}, {"compilation_config": 3},
        {"load_format": "dummy"}, {"jit_monitor_mode": "error"},
        {"enable_log_requests": True},
    ],
)  # fmt: skip
def test_what_vllm_takes_is_sound(arguments, args):
    assert arguments(args) == []


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({"max_num_seqs": "8"}, "should be a whole number or null"),
        ({"max_num_seqs": True}, "should be a whole number or null"),
        ({"max-num-seqs": 8.5}, "should be a whole number or null"),
        ({"block_size": "x"}, "should be a whole number or null"),
        ({"cpu_offload_gb": "1"}, "should be a number"),
        ({"cpu_offload_gb": None}, "should be a number"),
        ({"cpu_offload_params": "a"}, "should be a list"),
        ({"additional_config": [1]}, "should be a mapping"),
        ({"load_format": "pt"}, "loads pickles, which can run code; weights are safetensors here"),
        ({"runner": 3}, "is not a known choice"),
        ({"runner": None}, "should be a choice"),
        ({"max_lora_rank": 7}, "is not a known choice"),
        ({"max_lora_rank": True}, "should be a choice"),
    ],
)
def test_a_value_of_another_type_is_refused(arguments, args, reason):
    (fault,) = arguments(args)

    assert fault.reason == reason


def test_an_unknown_choice_names_the_nearest(arguments):
    (fault,) = arguments({"runner": "genrate"})

    assert fault.allowed == ("auto", "generate", "pooling")
    assert fault.nearest == "generate"


def test_an_unknown_argument_names_the_nearest(arguments):
    (fault,) = arguments({"max-num-seq": 8})

    assert fault.reason == "'max-num-seq' is no engine argument of the installed vLLM"
    assert fault.nearest == "max_num_seqs"


@pytest.mark.parametrize("name", ["_api_process_count", "unrelated"])
def test_what_is_no_public_field_of_the_engine_is_unknown(arguments, name):
    (fault,) = arguments({name: 1})

    assert "is no engine argument" in fault.reason


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("model", "use the expert's `model`"),
        ("kv-cache-memory-bytes", "use `engine.kv_cache_gib`"),
        ("tensor_parallel_size", "use `engine.tensor_parallel`"),
        ("hf_token", "set the environment variable HF_TOKEN"),
    ],
)
def test_what_the_service_sets_itself_is_refused_with_what_to_do(arguments, name, instead):
    (fault,) = arguments({name: "secret"})

    assert fault.reason == f"{name!r} is set by the service: {instead}"
    assert fault.value is None


def test_one_argument_in_two_spellings_is_given_twice(arguments):
    (fault,) = arguments({"max-num-seqs": 1, "max_num_seqs": 2})

    assert fault.reason == "given twice, as 'max-num-seqs' and as 'max_num_seqs'"


def test_dashes_become_underscores_for_vllm():
    assert field_name("max-num-seqs") == "max_num_seqs"
    assert normalised({"max-num-seqs": 8}) == {"max_num_seqs": 8}


def test_a_folder_without_vllms_source_has_no_arguments(tmp_path):
    assert arguments_in(tmp_path) is None


def test_the_installed_vllm_is_read_without_importing_it():
    arguments = installed_arguments()
    if arguments is None:
        pytest.skip("vLLM is not installed")

    assert arguments({"max-num-seqs": 8, "enforce_eager": True, "kv_cache_dtype": "auto"}) == []
    assert len(arguments.types) > 100
