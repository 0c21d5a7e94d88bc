"""What a checkpoint holds, read from the headers of its safetensors files and nothing else.

Reads a few kilobytes a file, never the tensors, and never a pickle.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from orchestrator.errors import WeightsError

INDEX = "model.safetensors.index.json"

#: Name, bytes and time of change (ns) of files.
Stamp = tuple[tuple[str, int, int], ...]

#: Bytes of one element, by safetensors' name; the floating types an engine may convert.
_FLOAT_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
#: The longest header the format allows, bytes.
_MAX_HEADER = 100_000_000
_GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """Form of one tensor, its size, and the file it lies in."""

    dtype: str
    shape: tuple[int, ...]
    num_bytes: int
    file: str
    #: Where its bytes begin in the file.
    begin: int = 0

    @property
    def form(self) -> tuple[str, tuple[int, ...]]:
        """What must be equal between siblings."""
        return self.dtype, self.shape

    @property
    def is_matrix(self) -> bool:
        """Whether an adapter can have its two matrices on it."""
        return len(self.shape) == 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Bytes of tensors on disk, by their type in safetensors' words."""

    bytes_by_type: Mapping[str, int]
    #: Inputs and outputs of all matrices: numbers that an adapter of rank 1 on all of them has.
    num_sides: int = 0
    #: Digest of the tensors' names.
    names: str = ""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The tensors of a model folder by name, and the size of its files."""

    folder: Path
    tensors: Mapping[str, TensorSpec]
    num_bytes: int

    @property
    def weights(self) -> Weights:
        """Sizes of the tensors by type."""
        sizes: Counter[str] = Counter()
        for spec in self.tensors.values():
            sizes[spec.dtype] += spec.num_bytes
        num_sides = sum(sum(spec.shape) for spec in self.tensors.values() if spec.is_matrix)
        names = hashlib.sha256("\n".join(sorted(self.tensors)).encode()).hexdigest()[:16]
        return Weights(bytes_by_type=dict(sizes), num_sides=num_sides, names=names)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read the headers of every safetensors file that belongs to `folder`.

    Raises:
        WeightsError: no such files, one that is truncated or not safetensors, or one that lacks a
            tensor the index promises; the message names the file and the tensor.
    """
    promised = _promised_files(folder)
    files = sorted(set(promised.values())) if promised else weight_files(folder)
    tensors: dict[str, TensorSpec] = {}
    for name in files:
        tensors.update(read_header(folder / name))
    for tensor, name in promised.items():
        if tensor not in tensors or tensors[tensor].file != name:
            raise WeightsError(
                f"tensor {tensor!r} is not in {folder / name}, where {INDEX} puts it"
            )
    num_bytes = sum((folder / name).stat().st_size for name in files)
    return Checkpoint(folder=folder, tensors=tensors, num_bytes=num_bytes)


def weights_at(folder: Path) -> Weights:
    """Sizes of the tensors of a checkpoint whose headers are sound.

    They are kept while its files stay as they are: an edit of one expert of a thousand must not
    read the headers of all.

    Raises:
        WeightsError: as `read_checkpoint`.
    """
    return _weights(folder, stamp(folder))


# Sizes alone, a few numbers each; the tensors of a thousand checkpoints would be 100 MB.
@lru_cache(maxsize=16_384)
def _weights(folder: Path, _stamp: Stamp) -> Weights:
    return read_checkpoint(folder).weights


def stamp(folder: Path) -> Stamp:
    """Names, sizes and times of the files that make a checkpoint what it is.

    Raises:
        WeightsError: the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            found = [one for one in entries if one.name.endswith((".json", ".safetensors"))]
            stats = [(one.name, one.stat()) for one in found]
    except OSError as exc:
        raise WeightsError(f"{folder} cannot be read: {exc.strerror or exc}") from exc
    return tuple(sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats))


def weight_files(folder: Path) -> list[str]:
    """Names of the safetensors files of a model folder.

    Raises:
        WeightsError: there are none.
    """
    files = sorted(path.name for path in folder.glob("*.safetensors"))
    if not files:
        raise WeightsError(f"{folder} holds no *.safetensors file; other formats are not loaded")
    return files


def _promised_files(folder: Path) -> dict[str, str]:
    path = folder / INDEX
    if not path.is_file():
        return {}
    try:
        weight_map = json.loads(path.read_bytes())["weight_map"]
        return {str(tensor): str(file) for tensor, file in weight_map.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise WeightsError(f"{path} is not an index of safetensors files: {exc}") from exc


def read_header(path: Path) -> dict[str, TensorSpec]:
    """The tensors of one safetensors file by name.

    Raises:
        WeightsError: it cannot be read, or is truncated or not safetensors.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            num_header_bytes = _header_length(file.read(8), path=path, size=size)
            header = _parse_header(file.read(num_header_bytes), path)
    except OSError as exc:
        raise WeightsError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    try:
        return {
            name: _spec(name, entry, path=path, data_begin=8 + num_header_bytes, size=size)
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except (KeyError, TypeError, ValueError) as exc:
        raise WeightsError(f"{path}: its safetensors header is malformed: {exc}") from exc


def _header_length(start: bytes, *, path: Path, size: int) -> int:
    if len(start) < 8:
        raise WeightsError(f"{path} is truncated: {size} bytes are no safetensors file")
    (length,) = struct.unpack("<Q", start)
    if length > min(_MAX_HEADER, size - 8):
        raise WeightsError(
            f"{path} is truncated or not safetensors: it announces a header of {length} bytes "
            f"and has {size} in all"
        )
    return int(length)


def _parse_header(text: bytes, path: Path) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except ValueError as exc:
        raise WeightsError(f"{path} is not safetensors: its header is not JSON") from exc
    if not isinstance(header, dict):
        raise WeightsError(f"{path} is not safetensors: its header is no mapping")
    return header


def _spec(name: str, entry: Any, *, path: Path, data_begin: int, size: int) -> TensorSpec:
    begin, end = entry["data_offsets"]
    if end > size - data_begin:
        raise WeightsError(
            f"{path} is truncated: tensor {name!r} ends at byte {end} of {size - data_begin}"
        )
    return TensorSpec(
        dtype=entry["dtype"],
        shape=tuple(entry["shape"]),
        num_bytes=end - begin,
        file=path.name,
        begin=data_begin + begin,
    )
