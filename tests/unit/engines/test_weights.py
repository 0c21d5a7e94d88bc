import json

import pytest

from orchestrator.engines.weights import check_fits, fingerprint
from orchestrator.errors import SwapError
from orchestrator.registry.weights import INDEX, read_checkpoint
from tests.unit.engines.checkpoints import TENSORS, write_model, write_tensors


def test_a_header_is_read_without_its_data(tmp_path):
    checkpoint = read_checkpoint(write_model(tmp_path / "a"))

    assert checkpoint.tensors["lm_head.weight"].form == ("F32", (8, 4))
    assert checkpoint.num_bytes > 4 * (8 * 4 + 4 * 4 + 8 * 4)


def test_a_sharded_checkpoint_is_read_through_its_index(tmp_path):
    write_tensors(tmp_path / "one.safetensors", {"a": [2, 2]})
    write_tensors(tmp_path / "two.safetensors", {"b": [2, 2]})
    write_tensors(tmp_path / "left-over.safetensors", {"c": [2, 2]})
    files = {"a": "one.safetensors", "b": "two.safetensors"}
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": files}))

    assert sorted(read_checkpoint(tmp_path).tensors) == ["a", "b"]


def test_a_tensor_the_index_promises_in_vain_is_named(tmp_path):
    write_tensors(tmp_path / "one.safetensors", {"a": [2, 2]})
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": {"b": "one.safetensors"}}))

    with pytest.raises(SwapError, match=r"tensor 'b' is not in .*one\.safetensors"):
        read_checkpoint(tmp_path)


def test_a_truncated_file_is_refused_with_the_tensor_it_cuts(tmp_path):
    path = write_model(tmp_path / "a") / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-8])

    with pytest.raises(SwapError, match=r"truncated: tensor 'lm_head\.weight' ends at byte 320"):
        read_checkpoint(path.parent)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x03\0\0\0\0\0\0\0ab", id="shorter than its header"),
        pytest.param(b"\x02\0\0\0\0\0\0\0ab", id="header is not json"),
        pytest.param(b"\x02\0\0\0\0\0\0\0[]", id="header is a list"),
        pytest.param(b'\x09\0\0\0\0\0\0\0{"a": {}}', id="entry without offsets"),
        pytest.param(b"PK\x03\x04 a zip of pickles", id="a pickle"),
    ],
)
def test_what_is_not_safetensors_is_refused_by_its_path(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)

    with pytest.raises(SwapError, match=r"model\.safetensors"):
        read_checkpoint(tmp_path)


def test_a_folder_without_safetensors_is_refused(tmp_path):
    with pytest.raises(SwapError, match=r"no \*\.safetensors file"):
        read_checkpoint(tmp_path)


def test_equal_forms_fit(tmp_path):
    first, second = (read_checkpoint(write_model(tmp_path / name)) for name in "ab")

    check_fits(second, first)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        pytest.param(
            {"embed.weight": [8, 4]}, "'layers.0.weight' and 1 more are missing", id="few"
        ),
        pytest.param(TENSORS | {"extra": [1, 1]}, "tensor 'extra' is unknown", id="extra"),
        pytest.param(
            TENSORS | {"lm_head.weight": [9, 4]}, r"F32 \[9, 4\], .* \[8, 4\]", id="shape"
        ),
    ],
)
def test_another_form_is_refused_naming_the_tensor(tmp_path, tensors, message):
    engine = read_checkpoint(write_model(tmp_path / "a"))
    other = read_checkpoint(write_model(tmp_path / "b", tensors=tensors))

    with pytest.raises(SwapError, match=message):
        check_fits(other, engine)


def test_a_fingerprint_changes_with_the_weights_alone(tmp_path):
    first, second = (write_model(tmp_path / name) for name in "ab")
    before = fingerprint(first)
    path = second / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")

    assert fingerprint(first) == before
    assert fingerprint(second) != before
