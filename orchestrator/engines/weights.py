"""What a checkpoint holds, read from the headers of its safetensors files and nothing else.

A reload of a live engine cannot be undone: a wrong shape kills it and a missing tensor leaves a
layer of another expert behind with a mere warning. So the headers are compared before.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import SwapError

INDEX = "model.safetensors.index.json"

#: The longest header the format allows, bytes.
_MAX_HEADER = 100_000_000
_NUM_PROBES = 16
_PROBE_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """Form of one tensor, and the file it lies in."""

    dtype: str
    shape: tuple[int, ...]
    file: str

    @property
    def form(self) -> tuple[str, tuple[int, ...]]:
        """What must be equal between siblings."""
        return self.dtype, self.shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The tensors of a model folder by name, and the size of its weights."""

    folder: Path
    tensors: Mapping[str, TensorSpec]
    num_bytes: int


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read the headers of every safetensors file that belongs to `folder`.

    Raises:
        SwapError: no such files, one that is truncated or not safetensors, or one that lacks a
            tensor the index promises; the message names the file and the tensor.
    """
    promised = _promised_files(folder)
    files = sorted(set(promised.values())) if promised else _weight_files(folder)
    tensors: dict[str, TensorSpec] = {}
    for name in files:
        tensors.update(_read_header(folder / name))
    for tensor, name in promised.items():
        if tensor not in tensors or tensors[tensor].file != name:
            raise SwapError(f"tensor {tensor!r} is not in {folder / name}, where {INDEX} puts it")
    num_bytes = sum((folder / name).stat().st_size for name in files)
    return Checkpoint(folder=folder, tensors=tensors, num_bytes=num_bytes)


def check_fits(found: Checkpoint, expected: Checkpoint) -> None:
    """Raise `SwapError` unless `found` has exactly the tensors of `expected`, in the same form."""
    missing = sorted(expected.tensors.keys() - found.tensors.keys())
    if missing:
        raise SwapError(
            f"{found.folder}: {_named(missing)} missing; {expected.folder} has {_them(missing)}"
        )
    extra = sorted(found.tensors.keys() - expected.tensors.keys())
    if extra:
        raise SwapError(
            f"{found.folder / found.tensors[extra[0]].file}: {_named(extra)} unknown to an engine "
            f"started from {expected.folder}"
        )
    for name, spec in expected.tensors.items():
        other = found.tensors[name]
        if other.form != spec.form:
            raise SwapError(
                f"{found.folder / other.file}: tensor {name!r} is {other.dtype} "
                f"{list(other.shape)}, the engine holds {spec.dtype} {list(spec.shape)}"
            )


def fingerprint(folder: Path) -> str:
    """Identify the weights of `folder` without reading all of them.

    Hashes names, sizes, headers and 16 pieces of 64 KiB spread over each file: training changes
    every piece, and 16 GB are fingerprinted in the time of 1 MiB.
    """
    digest = hashlib.sha256()
    for name in _weight_files(folder):
        path = folder / name
        size = path.stat().st_size
        digest.update(f"{name}:{size}:".encode())
        with path.open("rb") as file:
            for probe in range(_NUM_PROBES):
                file.seek(max(0, size - _PROBE_BYTES) * probe // (_NUM_PROBES - 1))
                digest.update(file.read(_PROBE_BYTES))
    return digest.hexdigest()[:32]


def _weight_files(folder: Path) -> list[str]:
    files = sorted(path.name for path in folder.glob("*.safetensors"))
    if not files:
        raise SwapError(f"{folder} holds no *.safetensors file; other formats are not loaded")
    return files


def _promised_files(folder: Path) -> dict[str, str]:
    path = folder / INDEX
    if not path.is_file():
        return {}
    try:
        weight_map = json.loads(path.read_bytes())["weight_map"]
        return {str(tensor): str(file) for tensor, file in weight_map.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise SwapError(f"{path} is not an index of safetensors files: {exc}") from exc


def _read_header(path: Path) -> dict[str, TensorSpec]:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            num_header_bytes = _header_length(file.read(8), path=path, size=size)
            header = _parse_header(file.read(num_header_bytes), path)
    except OSError as exc:
        raise SwapError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    num_data_bytes = size - 8 - num_header_bytes
    try:
        return {
            name: _spec(name, entry, path=path, num_data_bytes=num_data_bytes)
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except (KeyError, TypeError, ValueError) as exc:
        raise SwapError(f"{path}: its safetensors header is malformed: {exc}") from exc


def _header_length(start: bytes, *, path: Path, size: int) -> int:
    if len(start) < 8:
        raise SwapError(f"{path} is truncated: {size} bytes are no safetensors file")
    (length,) = struct.unpack("<Q", start)
    if length > min(_MAX_HEADER, size - 8):
        raise SwapError(
            f"{path} is truncated or not safetensors: it announces a header of {length} bytes "
            f"and has {size} in all"
        )
    return int(length)


def _parse_header(text: bytes, path: Path) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except ValueError as exc:
        raise SwapError(f"{path} is not safetensors: its header is not JSON") from exc
    if not isinstance(header, dict):
        raise SwapError(f"{path} is not safetensors: its header is no mapping")
    return header


def _spec(name: str, entry: Any, *, path: Path, num_data_bytes: int) -> TensorSpec:
    _, end = entry["data_offsets"]
    if end > num_data_bytes:
        raise SwapError(
            f"{path} is truncated: tensor {name!r} ends at byte {end} of {num_data_bytes}"
        )
    return TensorSpec(dtype=entry["dtype"], shape=tuple(entry["shape"]), file=path.name)


def _named(names: list[str]) -> str:
    if len(names) == 1:
        return f"tensor {names[0]!r} is"
    return f"tensor {names[0]!r} and {len(names) - 1} more are"


def _them(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"
