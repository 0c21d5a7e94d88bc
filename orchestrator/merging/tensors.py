"""Tensors of a checkpoint as numbers and back, one at a time.

numpy has no bfloat16, so its bits are moved by hand: it is the upper half of a float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import MergeError
from orchestrator.registry.weights import Checkpoint

Values = NDArray[np.float64]
Bytes = NDArray[np.uint8]

BFLOAT16 = "BF16"
_NUMPY_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
#: What can be averaged: quantised numbers mean nothing without their scales.
FLOATS = frozenset({*_NUMPY_TYPES, BFLOAT16})
#: Widths of `FLOATS`, bytes.
NUM_BYTES = {"F64": 8, "F32": 4, "F16": 2, BFLOAT16: 2}


def read_bytes(
    checkpoint: Checkpoint, name: str, *, begin: int = 0, num_bytes: int | None = None
) -> Bytes:
    """The stored bytes of one tensor, or `num_bytes` of them from `begin` on.

    Raises:
        MergeError: the file cannot be read, or ended since its header was.
    """
    spec = checkpoint.tensors[name]
    path = checkpoint.folder / spec.file
    count = spec.num_bytes - begin if num_bytes is None else num_bytes
    try:
        found = np.fromfile(path, dtype=np.uint8, count=count, offset=spec.begin + begin)
    except OSError as exc:
        raise MergeError(f"{path}: tensor {name!r} cannot be read: {exc.strerror}") from exc
    if found.size != count:
        raise MergeError(f"{path}: tensor {name!r} ends early; the file changed while it was read")
    return found


def values(stored: Bytes, dtype: str) -> Values:
    """The bytes of floating numbers as float64, shape [n]."""
    if dtype == BFLOAT16:
        narrow = (stored.view("<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        narrow = stored.view(_NUMPY_TYPES[dtype])
    with np.errstate(invalid="ignore"):  # what is no number is refused where its tensor is known
        return narrow.astype(np.float64)


def read_values(checkpoint: Checkpoint, name: str) -> Values:
    """One floating tensor as float64, in its shape."""
    spec = checkpoint.tensors[name]
    return values(read_bytes(checkpoint, name), spec.dtype).reshape(spec.shape)


def to_bytes(tensor: Values, dtype: str, *, name: str) -> Bytes:
    """A tensor in its stored type, rounded to the nearest, ties to even.

    Raises:
        MergeError: a number is too large for the type, or is none; names the tensor.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = tensor.astype("<f4" if dtype == BFLOAT16 else _NUMPY_TYPES[dtype])
        rounded = _upper_half(narrow) if dtype == BFLOAT16 else narrow
    if not np.isfinite(narrow).all() or (dtype == BFLOAT16 and _is_overflown(rounded)):
        raise MergeError(
            f"tensor {name!r}: the merge holds a number that {dtype} cannot; lower the weights, "
            "or look for infinite numbers in the sources"
        )
    return np.ascontiguousarray(rounded).reshape(-1).view(np.uint8)


def _upper_half(narrow: NDArray[np.float32]) -> NDArray[np.uint16]:
    bits = np.ascontiguousarray(narrow).view(np.uint32)
    nearest_even = bits + np.uint32(0x7FFF) + ((bits >> 16) & np.uint32(1))
    return (nearest_even >> 16).astype("<u2")


def _is_overflown(rounded: NDArray[np.uint16]) -> bool:
    return bool(((rounded & 0x7F80) == 0x7F80).any())
