"""A sibling whose file is not whole is named, with the tensor it lacks."""

import pytest

from orchestrator.registry.loader import check
from tests.unit.engines.checkpoints import TENSORS, write_model

TEXT = """\
experts:
  - {id: whole, model: whole, engine: {kind: vllm, max_model_len: 64}}
  - {id: other, model: other, engine: {kind: vllm, max_model_len: 64}}
slots:
  - {name: local, memory_gib: 4}
"""


def faults(folder, tensors, **config):
    write_model(folder / "whole", **config)
    write_model(folder / "other", tensors=tensors, **config)
    path = folder / "experts.yaml"
    path.write_text(TEXT)
    return [str(fault) for fault in check(path, environ={}).faults]


def without(*names):
    return {name: shape for name, shape in TENSORS.items() if name not in names}


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        pytest.param(["layers.0.weight"], "lacks tensor 'layers.0.weight', which", id="one"),
        pytest.param(
            ["layers.0.weight", "lm_head.weight"],
            "lacks tensor 'layers.0.weight', which",
            id="one, and an output that may be tied",
        ),
    ],
)
def test_a_sibling_with_a_tensor_missing_is_a_fault_that_names_it(tmp_path, gone, told):
    (fault,) = faults(tmp_path, without(*gone))

    assert "experts.yaml:3:24: experts[1].model: 'other'" in fault
    assert f"{told} expert 'whole', of the same config.json, has" in fault


def test_an_output_that_is_tied_to_the_input_may_be_left_out(tmp_path):
    assert faults(tmp_path, without("lm_head.weight"), tie_word_embeddings=True) == []


def test_models_that_each_have_what_the_other_lacks_are_two_models(tmp_path):
    other = without("layers.0.weight") | {"layers.0.norm.weight": [4, 4]}

    assert faults(tmp_path, other) == []


def test_equal_tensors_are_no_fault(tmp_path):
    assert faults(tmp_path, TENSORS) == []
