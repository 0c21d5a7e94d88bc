"""Whether the weights of one expert fit an engine started from another, and which weights they are.

A reload of a live engine cannot be undone: a wrong shape kills it and a missing tensor leaves a
layer of another expert behind with a mere warning. So the headers are compared before.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from orchestrator.errors import SwapError
from orchestrator.registry.weights import Checkpoint, weight_files

_NUM_PROBES = 16
_PROBE_BYTES = 65_536


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


def fingerprint(folder: Path, *, base: Path | None = None) -> str:
    """Identify the weights of `folder` without reading all of them; an adapter's with its base's.

    Hashes names, sizes, headers and 16 pieces of 64 KiB spread over each file: training changes
    every piece, and 16 GB are fingerprinted in the time of 1 MiB.
    """
    digest = hashlib.sha256(fingerprint(base).encode() if base is not None else b"")
    for name in weight_files(folder):
        path = folder / name
        size = path.stat().st_size
        digest.update(f"{name}:{size}:".encode())
        with path.open("rb") as file:
            for probe in range(_NUM_PROBES):
                file.seek(max(0, size - _PROBE_BYTES) * probe // (_NUM_PROBES - 1))
                digest.update(file.read(_PROBE_BYTES))
    return digest.hexdigest()[:32]


def _named(names: list[str]) -> str:
    if len(names) == 1:
        return f"tensor {names[0]!r} is"
    return f"tensor {names[0]!r} and {len(names) - 1} more are"


def _them(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"
