"""The size of a model's weights, from the headers of its safetensors files.

Reads a few kilobytes a file, never the tensors, and never a pickle.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Bytes of one element, by safetensors' name; the floating types an engine may convert.
_FLOAT_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
_MAX_HEADER_BYTES = 100_000_000
_GIB = 2**30


class WeightsError(Exception):
    """A safetensors file is damaged; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Bytes of tensors on disk, by their type in safetensors' words."""

    bytes_by_type: Mapping[str, int]

    @property
    def disk_gib(self) -> float:
        """Size as stored, GiB."""
        return sum(self.bytes_by_type.values()) / _GIB

    def memory_gib(self, *, bytes_per_float: int | None) -> float:
        """Size once loaded, GiB.

        Args:
            bytes_per_float: width that floating tensors are converted to; `None` keeps theirs.
                Quantised tensors keep their own in any case.
        """
        total = 0.0
        for kind, num_bytes in self.bytes_by_type.items():
            stored = _FLOAT_BYTES.get(kind)
            is_converted = stored is not None and bytes_per_float is not None
            total += num_bytes * bytes_per_float / stored if is_converted else num_bytes  # type: ignore[operator]
        return total / _GIB


def weights_in(folder: Path) -> Weights:
    """Add up all safetensors files of a model folder.

    Raises:
        WeightsError: a file has no readable header, or is shorter than its header says.
    """
    total: Counter[str] = Counter()
    for path in sorted(folder.glob("*.safetensors")):
        total.update(_bytes_by_type(path))
    return Weights(bytes_by_type=dict(total))


def _bytes_by_type(path: Path) -> Counter[str]:
    sizes: Counter[str] = Counter()
    try:
        header, body_bytes = _header(path)
        header.pop("__metadata__", None)
        for tensor in header.values():
            begin, end = tensor["data_offsets"]
            sizes[tensor["dtype"]] += end - begin
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as exc:
        raise WeightsError(f"{path.name} has no readable safetensors header") from exc
    if sizes.total() > body_bytes:
        missing = sizes.total() - body_bytes
        raise WeightsError(f"{path.name} is cut short: {missing:,} bytes of tensors are missing")
    return sizes


def _header(path: Path) -> tuple[dict[str, Any], int]:
    size = path.stat().st_size
    with path.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        if length > min(size, _MAX_HEADER_BYTES):
            raise ValueError("the header's length is out of bounds")
        header = json.loads(stream.read(length))
    return header, size - 8 - length
