"""Stored numbers and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from orchestrator.errors import MergeError
from orchestrator.merging.tensors import NUM_BYTES, read_bytes, to_bytes, values
from tests.unit.merging.small import sibling

BITS = st.integers(0, 2**16 - 1)


@pytest.mark.parametrize("dtype", NUM_BYTES)
@given(stored=arrays(np.uint8, 16, elements=st.integers(0, 255)))
def test_a_number_that_is_read_is_written_as_it_was(dtype, stored):
    numbers = values(stored, dtype)
    if np.isfinite(numbers).all():
        assert np.array_equal(to_bytes(numbers, dtype, name="t"), stored)


@pytest.mark.parametrize(
    ("number", "bits"),
    [
        pytest.param(1.0, 0x3F80, id="exact"),
        pytest.param(1 + 2**-8, 0x3F80, id="a tie goes to the even one, below"),
        pytest.param(1 + 3 * 2**-8, 0x3F82, id="a tie goes to the even one, above"),
        pytest.param(1 + 2**-8 + 2**-20, 0x3F81, id="over half goes up"),
        pytest.param(-2.5, 0xC020, id="negative"),
    ],
)
def test_bfloat16_is_rounded_to_the_nearest(number, bits):
    stored = to_bytes(np.array([number]), "BF16", name="t")

    assert stored.view("<u2").tolist() == [bits]


@pytest.mark.parametrize(
    ("number", "dtype"),
    [(70_000.0, "F16"), (3.4e38, "BF16"), (1e39, "F32"), (np.nan, "F32"), (np.inf, "F64")],
)
def test_a_number_too_large_for_its_type_is_refused_by_name(number, dtype):
    with pytest.raises(MergeError, match=rf"'head.weight'.*{dtype} cannot"):
        to_bytes(np.array([number]), dtype, name="head.weight")


def test_a_file_that_shrank_since_its_header_was_read_is_refused(tmp_path):
    source = sibling(tmp_path, "a")
    path = source.folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-8])

    with pytest.raises(MergeError, match=r"'norm\.weight' ends early"):
        read_bytes(source.checkpoint, "norm.weight")


def test_a_file_that_is_gone_is_refused(tmp_path):
    source = sibling(tmp_path, "a")
    (source.folder / "model.safetensors").unlink()

    with pytest.raises(MergeError, match=r"'norm\.weight' cannot be read: No such file"):
        read_bytes(source.checkpoint, "norm.weight")
