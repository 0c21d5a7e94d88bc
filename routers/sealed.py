"""Fitted routers as folders: a manifest with the hash of every file, and nothing that can run code.

A half-copied, mixed or edited folder is refused, not served.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from safetensors import SafetensorError
from safetensors.numpy import load, save

from .base import RouterError

FORMAT: Literal[1] = 1
MANIFEST = "manifest.json"

#: Tensor name -> its lengths; `None` stands for any.
Shapes = Mapping[str, tuple[int | None, ...]]


class Part(BaseModel):
    """A part of a manifest: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Seal(Part):
    """What every manifest says; each kind of router adds its own keys and narrows `kind`."""

    kind: str
    format: Literal[1] = FORMAT
    data_sha256: str = Field(description="Hash of what it was fitted on.")
    seed: int
    packages: dict[str, str] = Field({}, description="Versions of the packages that fitted it.")
    metrics: dict[str, float] = Field({}, description="Measured on data left out of the fit.")
    files: dict[str, str] = Field({}, description="File name -> SHA-256; written with the folder.")


M = TypeVar("M", bound=Seal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed(Generic[M]):
    """A folder whose manifest was read; its files are checked as they are opened."""

    folder: Path
    manifest: M
    #: First 12 digits of the manifest's hash, and so of all that it names.
    version: str

    def blob(self, name: str) -> bytes:
        """The bytes of one file.

        Raises:
            RouterError: it is missing, or not the one that the manifest names.
        """
        try:
            blob = (self.folder / name).read_bytes()
        except OSError as exc:
            raise self.refusal(f"lacks {name!r}") from exc
        if hashlib.sha256(blob).hexdigest() != self.manifest.files.get(name):
            raise self.refusal(f"has a {name!r} that is not the one its manifest names")
        return blob

    def tensors(self, name: str, shapes: Shapes) -> dict[str, Any]:
        """The tensors of one file, of these shapes.

        Raises:
            RouterError: the file cannot be read, lacks one of them, or one has another shape.
        """
        try:
            found: dict[str, Any] = load(self.blob(name))
        except SafetensorError as exc:
            raise self.refusal(f"has a broken file of tensors: {exc}") from exc
        for tensor, wanted in shapes.items():
            if tensor not in found:
                raise self.refusal(f"lacks the tensor {tensor!r}")
            shape = found[tensor].shape
            if not _fits(shape, wanted):
                raise self.refusal(f"has {tensor!r} of shape {list(shape)}, not {list(wanted)}")
        return found

    def refusal(self, why: str) -> RouterError:
        """Why this folder is not served."""
        return _refusal(self.folder, self.manifest.kind, why)


def write_sealed(folder: Path, manifest: M, *, blobs: Mapping[str, bytes]) -> M:
    """Write `blobs` and the manifest with their hashes; returns the manifest as written."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, blob in blobs.items():
        (folder / name).write_bytes(blob)
    hashes = {name: hashlib.sha256(blob).hexdigest() for name, blob in sorted(blobs.items())}
    written = manifest.model_copy(update={"files": hashes})
    text = json.dumps(written.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return written


def read_sealed(folder: str | Path, manifest: type[M], *, kind: str) -> Sealed[M]:
    """The folder of a fitted router of one kind.

    Raises:
        RouterError: its manifest is missing, malformed, of another kind or format.
    """
    folder = Path(folder)
    try:
        raw = (folder / MANIFEST).read_bytes()
        found = json.loads(raw)
        if (other := found.get("kind")) != kind:
            raise _refusal(folder, kind, f"is of kind {other!r}, not {kind!r}")
        if (version := found.get("format")) != FORMAT:
            raise _refusal(folder, kind, f"has format {version!r}, this version reads {FORMAT}")
        read = manifest.model_validate_json(raw)
    except OSError as exc:
        raise _refusal(folder, kind, f"cannot be read: {exc}") from exc
    except (ValueError, AttributeError) as exc:
        raise _refusal(folder, kind, f"has a bad {MANIFEST}: {exc}") from exc
    return Sealed(folder=folder, manifest=read, version=hashlib.sha256(raw).hexdigest()[:12])


def tensors_blob(tensors: Mapping[str, Any]) -> bytes:
    """Tensors as the bytes of a safetensors file."""
    blob: bytes = save({name: np.ascontiguousarray(value) for name, value in tensors.items()})
    return blob


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        want in (None, have) for want, have in zip(wanted, shape, strict=True)
    )


def _refusal(folder: Path, kind: str, why: str) -> RouterError:
    return RouterError(
        f"the router in {str(folder)!r} {why}; write it again with 'orchestrator fit {kind}'"
    )
