"""Blends of LoRA adapters, from folder to folder."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from orchestrator.errors import MergeError
from orchestrator.merging.adapters import check_adapters, write_blend
from orchestrator.merging.sources import open_source
from tests.unit.merging.small import MODULE, adapter, delta_of, recipe, tensors_of

OTHER = MODULE.replace("q_proj", "v_proj")


def blended(tmp_path, *adapters, weights, **fields):
    folder = tmp_path / "blend"
    folder.mkdir()
    made = recipe(*adapters, weights=weights, method="blend", **fields)
    return folder, write_blend(made, folder)


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"peft_type": "IA3"}, "'IA3'; LORA can be blended"),
        ({"use_dora": True}, "'use_dora' .* True"),
        ({"bias": "all"}, "'bias' .* 'all'"),
        ({"modules_to_save": ["lm_head"]}, "'modules_to_save'"),
        ({"rank_pattern": {"q_proj": 4}}, "'rank_pattern'"),
        ({"r": 0}, "`r` .* is 0"),
        ({"lora_alpha": None}, "no numbers"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_adapter_that_is_no_plain_lora_is_refused(tmp_path, config, fault):
    pair = [adapter(tmp_path, "a"), adapter(tmp_path, "b", **config)]

    with pytest.raises(MergeError, match=f"expert 'b'.*{fault}"):
        check_adapters(pair)


def test_adapters_of_two_bases_are_refused(tmp_path):
    pair = [adapter(tmp_path, "a"), adapter(tmp_path, "b", base="other")]

    with pytest.raises(MergeError, match=r"one base .*'a': 'base', 'b': 'other'"):
        check_adapters(pair)


def with_tensors(source, shapes):
    """The adapter with other tensors in its file."""
    tensors = {name: np.zeros(shape, "float32") for name, shape in shapes.items()}
    save_file(tensors, source.folder / "adapter_model.safetensors")
    return open_source(source.expert, source.folder)


def test_a_module_of_another_size_is_of_another_base(tmp_path):
    shapes = {f"{MODULE}.lora_A.weight": (2, 9), f"{MODULE}.lora_B.weight": (5, 2)}
    pair = [adapter(tmp_path, "a"), with_tensors(adapter(tmp_path, "b"), shapes)]

    with pytest.raises(MergeError, match=r"'b': module .* is \[5, 9\], in 'a' it is \[5, 6\]"):
        check_adapters(pair)


@pytest.mark.parametrize("name", ["lm_head.weight", f"{MODULE}.lora_A.bias"])
def test_a_tensor_that_is_no_factor_is_named(tmp_path, name):
    odd = with_tensors(adapter(tmp_path, "odd"), {name: (2, 2)})

    with pytest.raises(MergeError, match=f"'odd': tensor '{name}'"):
        check_adapters([adapter(tmp_path, "a"), odd])


def test_a_factor_without_its_other_half_is_named(tmp_path):
    odd = with_tensors(adapter(tmp_path, "odd"), {f"{MODULE}.lora_A.weight": (2, 6)})

    with pytest.raises(MergeError, match=f"'odd': module '{MODULE}' has no lora_A and lora_B"):
        check_adapters([adapter(tmp_path, "a"), odd])


@pytest.mark.parametrize("rslora", [False, True])
def test_a_blend_is_the_sum_of_the_changes(tmp_path, rslora):
    a = adapter(tmp_path, "a", seed=1, rank=2, alpha=16, use_rslora=rslora)
    b = adapter(tmp_path, "b", seed=2, rank=4, alpha=4)

    folder, result = blended(tmp_path, a, b, weights=(0.5, 1.5))

    wanted = 0.5 * delta_of(a.folder) + 1.5 * delta_of(b.folder)
    np.testing.assert_allclose(delta_of(folder), wanted, rtol=1e-6, atol=1e-6)
    assert json.loads((folder / "adapter_config.json").read_text())["r"] == 6
    assert result.num_parameters == 6 * 6 + 5 * 6


def test_a_module_that_only_one_adapter_changes_keeps_its_change(tmp_path):
    a = adapter(tmp_path, "a", seed=1)
    b = adapter(tmp_path, "b", seed=2, modules=(OTHER,))

    folder, _ = blended(tmp_path, a, b, weights=(0.25, 0.75))

    config = json.loads((folder / "adapter_config.json").read_text())
    np.testing.assert_allclose(delta_of(folder), 0.25 * delta_of(a.folder), atol=1e-6)
    np.testing.assert_allclose(delta_of(folder, OTHER), 0.75 * delta_of(b.folder, OTHER), atol=1e-6)
    assert config["target_modules"] == ["q_proj", "v_proj"]
    assert {min(tensor.shape) for tensor in tensors_of(folder).values()} == {4}


def test_a_reduced_blend_says_its_error(tmp_path):
    pair = [adapter(tmp_path, "a", seed=1), adapter(tmp_path, "b", seed=2)]

    folder, result = blended(tmp_path, *pair, weights=(0.5, 0.5), rank=1)

    whole = 0.5 * (delta_of(pair[0].folder) + delta_of(pair[1].folder))
    lost = np.linalg.norm(delta_of(folder) - whole) / np.linalg.norm(whole)
    assert result.errors["merged"] == pytest.approx(lost, rel=1e-4)
    assert 0.05 < lost < 1
