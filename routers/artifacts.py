"""A fitted router as a folder: a manifest, safetensors, a tokenizer; nothing that can run code.

Every file's hash stands in the manifest, so a half-copied or mixed folder is refused, not served.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from safetensors import SafetensorError
from safetensors.numpy import load, save
from tokenizers import Tokenizer

from .base import RouterError
from .category import CategoryRouter
from .embeddings import Embedder, MiniLMEmbedding, StaticEmbedding
from .features import LinearHead, TextFeatures
from .grams import HashedGrams
from .mapping import Quality
from .window import Window

FORMAT: Literal[1] = 1
MANIFEST = "manifest.json"
STATIC_TABLE = "static.safetensors"
TOKENIZER = "tokenizer.json"
QUALITY = "quality.safetensors"

EmbedderName = Literal["static", "minilm"]
Tensors = Mapping[str, Any]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WindowPart(_Part):
    """Characters of a text that are read."""

    head: int = Field(ge=1)
    tail: int = Field(ge=1)
    lead: int = Field(ge=1, description="Longer texts are also read by their outer sentences.")


class GramsPart(_Part):
    """How words and characters are hashed."""

    bits: int = Field(ge=8, le=24)
    char_lengths: tuple[int, ...] = Field(min_length=1)
    word_lengths: tuple[int, ...] = Field(min_length=1)
    word_share: float = Field(ge=0, le=1)


class HeadPart(_Part):
    """What belongs to one embedder."""

    dim: int = Field(ge=1, description="Length of the embedding.")
    dense_norm: float = Field(gt=0)
    temperature: float = Field(gt=0)
    tau: float = Field(ge=0, le=1, description="Entropy above which a prompt is unsure.")
    metrics: dict[str, float] = Field(description="Measured on frames left out of the fit.")


class Manifest(_Part):
    """What a folder holds and what it was fitted on."""

    kind: Literal["category"] = "category"
    format: Literal[1] = FORMAT
    data_sha256: str
    seed: int
    packages: dict[str, str]
    categories: tuple[str, ...] = Field(min_length=2)
    experts: tuple[str, ...] = Field(min_length=1)
    expert_by_category: dict[str, str]
    window: WindowPart
    grams: GramsPart
    heads: dict[EmbedderName, HeadPart] = Field(min_length=1)
    files: dict[str, str] = Field(description="File name -> SHA-256.")


def head_file(embedder: EmbedderName) -> str:
    """Name of the file with the weights of one head."""
    return f"head-{embedder}.safetensors"


def write_artifact(folder: Path, manifest: Manifest, *, blobs: Mapping[str, bytes]) -> Manifest:
    """Writes `blobs` and the manifest with their hashes; returns the manifest as written."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, blob in blobs.items():
        (folder / name).write_bytes(blob)
    hashes = {name: hashlib.sha256(blob).hexdigest() for name, blob in sorted(blobs.items())}
    written = manifest.model_copy(update={"files": hashes})
    text = json.dumps(written.model_dump(), indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return written


def tensors_blob(tensors: Tensors) -> bytes:
    """Tensors as the bytes of a safetensors file."""
    blob: bytes = save({name: np.ascontiguousarray(value) for name, value in tensors.items()})
    return blob


def load_router(
    path: str | Path, *, embedder: EmbedderName = "static", fallback: str
) -> CategoryRouter:
    """The router of an artifact, ready to route.

    Args:
        path: folder written by `orchestrator fit`.
        embedder: which of its heads to use.
        fallback: expert for prompts of no known category.

    Raises:
        RouterError: The folder is missing, stale, incomplete or inconsistent.
    """
    folder = Path(path)
    manifest, digest = read_manifest(folder)
    if embedder not in manifest.heads:
        raise _refusal(folder, f"has no head for {embedder!r}, only {sorted(manifest.heads)}")
    blobs = {name: _checked(folder, name, manifest) for name in _needed(embedder)}
    part = manifest.heads[embedder]
    static = _static(folder, blobs) if embedder == "static" else MiniLMEmbedding.installed()
    if static.dim != part.dim:
        raise _refusal(
            folder, f"was fitted on {part.dim} dimensions, the embedder has {static.dim}"
        )
    features = TextFeatures(
        embedder=static,
        grams=HashedGrams(**manifest.grams.model_dump()),
        dense_norm=part.dense_norm,
    )
    return CategoryRouter(
        version=digest[:12],
        window=Window(**manifest.window.model_dump()),
        features=features,
        head=_head(folder, manifest, blobs[head_file(embedder)], embedder=embedder),
        quality=_quality(folder, manifest, blobs[QUALITY]),
        tau=part.tau,
        fallback=fallback,
    )


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """The manifest of an artifact and its SHA-256.

    Raises:
        RouterError: It is missing or not of this format.
    """
    try:
        raw = (folder / MANIFEST).read_bytes()
        if (found := json.loads(raw).get("format")) != FORMAT:
            raise _refusal(folder, f"has format {found!r}, this version reads {FORMAT}")
        return Manifest.model_validate_json(raw), hashlib.sha256(raw).hexdigest()
    except OSError as exc:
        raise _refusal(folder, f"cannot be read: {exc}") from exc
    except (ValueError, AttributeError) as exc:
        raise _refusal(folder, f"has a bad {MANIFEST}: {exc}") from exc


def _needed(embedder: EmbedderName) -> tuple[str, ...]:
    own = (STATIC_TABLE, TOKENIZER) if embedder == "static" else ()
    return (head_file(embedder), QUALITY, *own)


def _refusal(folder: Path, why: str) -> RouterError:
    return RouterError(
        f"the router in {str(folder)!r} {why}; write it again with "
        f"'orchestrator fit --questions FILE --unknown FILE --out {folder}'"
    )


def _checked(folder: Path, name: str, manifest: Manifest) -> bytes:
    try:
        blob = (folder / name).read_bytes()
    except OSError as exc:
        raise _refusal(folder, f"lacks {name!r}") from exc
    if hashlib.sha256(blob).hexdigest() != manifest.files.get(name):
        raise _refusal(folder, f"has a {name!r} that is not the one its manifest names")
    return blob


def _tensors(
    folder: Path, blob: bytes, shapes: Mapping[str, tuple[int | None, ...]]
) -> dict[str, Any]:
    """The tensors of `blob`; a None in a shape stands for any length."""
    try:
        found: dict[str, Any] = load(blob)
    except SafetensorError as exc:
        raise _refusal(folder, f"has a broken file of tensors: {exc}") from exc
    for name, wanted in shapes.items():
        if name not in found:
            raise _refusal(folder, f"lacks the tensor {name!r}")
        shape = found[name].shape
        fits = len(shape) == len(wanted) and all(
            want in (None, have) for want, have in zip(wanted, shape, strict=True)
        )
        if not fits:
            raise _refusal(folder, f"has {name!r} of shape {list(shape)}, not {list(wanted)}")
    return found


def _static(folder: Path, blobs: Mapping[str, bytes]) -> Embedder:
    found = _tensors(folder, blobs[STATIC_TABLE], {"table": (None, None), "scale": (None,)})
    tokenizer = Tokenizer.from_str(blobs[TOKENIZER].decode("utf-8"))
    return StaticEmbedding(found["table"], found["scale"], tokenizer=tokenizer)


def _head(folder: Path, manifest: Manifest, blob: bytes, *, embedder: EmbedderName) -> LinearHead:
    part, num = manifest.heads[embedder], len(manifest.categories)
    shapes = {"dense": (part.dim, num), "grams": (2**manifest.grams.bits, num), "bias": (num,)}
    found = _tensors(folder, blob, shapes)
    return LinearHead(
        dense=found["dense"].astype(np.float32),
        grams=found["grams"].astype(np.float32),
        bias=found["bias"].astype(np.float32),
        temperature=part.temperature,
    )


def _quality(folder: Path, manifest: Manifest, blob: bytes) -> Quality:
    shape = (len(manifest.categories), len(manifest.experts))
    table = _tensors(folder, blob, {"quality": shape})["quality"]
    return Quality(
        categories=manifest.categories, experts=manifest.experts, table=table.astype(np.float32)
    )
