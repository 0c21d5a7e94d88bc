"""Adapters on disk, and bases they do not belong on."""

import pytest

from orchestrator.errors import WeightsError
from orchestrator.registry.lora import check_adapts, read_adapter, roomy_rank
from orchestrator.registry.weights import read_checkpoint
from tests.unit.engines.checkpoints import (
    TENSORS,
    lora_tensors,
    write_adapter,
    write_model,
    write_tensors,
)


def adapts(folder, *, tensors=None, base=None, **config):
    adapter = read_adapter(write_adapter(folder / "adapter", tensors=tensors, **config))
    check_adapts(adapter, read_checkpoint(write_model(folder / "base", tensors=base)))
    return adapter


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"peft_type": "IA3"}, "peft_type"),
        ({"r": 0}, "r"),
        ({"r": "eight"}, "r"),
        ({"lora_alpha": None}, "lora_alpha"),
    ],
)
def test_a_configuration_that_is_no_loras_names_the_key(tmp_path, config, key):
    folder = write_adapter(tmp_path / "a", **config)

    with pytest.raises(WeightsError, match=rf"no configuration of a LoRA adapter: {key}: "):
        read_adapter(folder)


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"use_dora": True}, "use_dora"),
        ({"bias": "all"}, "bias"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"layer_replication": [[0, 2], [1, 3]]}, "layer_replication"),
        ({"alora_invocation_tokens": [5]}, "alora_invocation_tokens"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights"),
    ],
)
def test_what_vllm_cannot_serve_is_refused_by_its_key(tmp_path, config, key):
    folder = write_adapter(tmp_path / "a", **config)

    with pytest.raises(WeightsError, match=f"'{key}' is not served by vLLM"):
        read_adapter(folder)


def test_a_configuration_that_is_no_json_or_not_there_is_refused(tmp_path):
    folder = write_adapter(tmp_path / "a")
    (folder / "adapter_config.json").write_text("{")

    with pytest.raises(WeightsError, match="its text: Invalid JSON"):
        read_adapter(folder)
    with pytest.raises(WeightsError, match="No such file or directory; is it an adapter"):
        read_adapter(tmp_path)


def test_pickled_and_truncated_weights_are_refused(tmp_path):
    folder = write_adapter(tmp_path / "a")
    path = folder / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-8])

    with pytest.raises(WeightsError, match="truncated"):
        read_adapter(folder)
    path.rename(folder / "adapter_model.bin")
    with pytest.raises(WeightsError, match=r"has no adapter_model.safetensors; other formats"):
        read_adapter(folder)


def test_tensors_that_are_no_lora_matrices_are_refused(tmp_path):
    odd = lora_tensors() | {"base_model.model.layers.0.lora_magnitude_vector": [4, 1]}
    folder = write_adapter(tmp_path / "a", tensors=odd)

    with pytest.raises(WeightsError, match=r"'base_model.model.layers.0.lora_magnitude_vector' is"):
        read_adapter(folder)
    write_tensors(folder / "adapter_model.safetensors", {})
    with pytest.raises(WeightsError, match="holds no tensor"):
        read_adapter(folder)


@pytest.mark.parametrize(
    ("tensors", "misfit"),
    [
        pytest.param(
            lora_tensors(module="layers.1"), "has no module 'layers.1'", id="a layer too many"
        ),
        pytest.param(
            lora_tensors(size=(4, 6)),
            r"its 'layers.0.lora_A.weight' is \[2, 6\] and 'layers.0' of .* is \[4, 4\]",
            id="inputs",
        ),
        pytest.param(
            lora_tensors(size=(6, 4)),
            r"its 'layers.0.lora_B.weight' is \[6, 2\] and 'layers.0' of .* is \[4, 4\]",
            id="outputs",
        ),
        pytest.param(
            {"base_model.model.embed.lora_embedding_A": [2, 9]},
            r"its 'embed.lora_embedding_A' is \[2, 9\] and 'embed' of .* is \[8, 4\]",
            id="vocabulary",
        ),
    ],
)
def test_an_adapter_of_another_base_names_the_first_misfit(tmp_path, tensors, misfit):
    with pytest.raises(WeightsError, match=f"an adapter of another base: .*{misfit}"):
        adapts(tmp_path, tensors=tensors)


def test_the_base_it_was_made_for_is_a_hint_only(tmp_path):
    adapts(tmp_path / "fits", base_model_name_or_path="someone/else")

    with pytest.raises(WeightsError, match="says it was made for 'someone/else'"):
        adapts(
            tmp_path / "not",
            tensors=lora_tensors(module="layers.1"),
            base_model_name_or_path="someone/else",
        )


def test_the_rank_is_that_of_the_matrices_even_where_a_side_is_smaller(tmp_path):
    adapter = adapts(tmp_path, tensors=lora_tensors(6))

    assert adapter.rank == 6  # and both sides of the base's matrix are 4


def test_packed_matrices_and_copies_of_embeddings_are_left_to_the_engine(tmp_path):
    packed = TENSORS | {"layers.0.qweight": [4, 1]}
    del packed["layers.0.weight"]
    copied = lora_tensors() | {"base_model.model.model.embed_tokens.base_layer.weight": [8, 4]}

    adapter = adapts(tmp_path, tensors=copied, base=packed)

    assert len(adapter.tensors) == 2


@pytest.mark.parametrize(("rank", "room"), [(1, 16), (16, 16), (17, 32), (300, 320)])
def test_an_engine_makes_room_for_the_next_rank_of_vllm(rank, room):
    assert roomy_rank(rank) == room


def test_a_rank_beyond_vllms_is_refused():
    with pytest.raises(WeightsError, match="rank 513 is too large; vLLM takes up to 512"):
        roomy_rank(513)
