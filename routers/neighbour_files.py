"""A neighbours router as a folder: known questions as vectors, and what experts made of them."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from .datasets import Answered, data_sha256
from .embeddings import EmbedderName, unit_rows
from .fit_neighbours import fit_kernel
from .kernel import Kernel, Known
from .neighbours import MAX_REFERENCES, WINDOW, NeighboursRouter
from .sealed import Part, Seal, read_sealed, tensors_blob, write_sealed
from .static_files import Carried, carried_embedder

REFERENCES = "references.safetensors"
SEED = 20_261_122
_PACKAGES = ("numpy", "safetensors", "tokenizers")


class KernelPart(Part):
    """How much a known question counts."""

    k: int = Field(ge=1)
    width: float = Field(gt=0)
    difficulty: float = Field(ge=0)
    difference: float = Field(ge=0)


class NeighboursManifest(Seal):
    """What a folder holds and what it was fitted on."""

    kind: Literal["neighbours"] = "neighbours"
    experts: tuple[str, ...] = Field(min_length=1)
    embedder: EmbedderName
    dim: int = Field(ge=1, description="Length of a vector.")
    num_references: int = Field(ge=1)
    least_cosine: float = Field(description="Under it a prompt is unlike every known question.")
    kernel: KernelPart


def write_neighbours(
    table: Answered,
    folder: Path,
    *,
    name: EmbedderName,
    of: Carried,
    seed: int = SEED,
) -> NeighboursManifest:
    """Embed the questions, fit the kernel, and write the artifact to `folder`.

    Args:
        table: questions and what experts made of them; over `MAX_REFERENCES` some are drawn.
        folder: where to write.
        name: of the embedder.
        of: the embedder, and what of it the folder must carry.
        seed: of the draw.

    Raises:
        RouterError: there is too little to learn from.
    """
    kept = table.rows(_drawn(len(table.examples), seed))
    vectors = of.embedder.embed([WINDOW.cut(example.prompt) for example in kept.examples])
    halved = unit_rows(vectors.astype(np.float16).astype(np.float32))
    fitted = fit_kernel(halved, kept)
    manifest = NeighboursManifest(
        data_sha256=data_sha256(table),
        seed=seed,
        packages={package: version(package) for package in _PACKAGES},
        metrics={key: round(value, 4) for key, value in fitted.metrics.items()},
        experts=table.experts,
        embedder=name,
        dim=vectors.shape[1],
        num_references=len(vectors),
        least_cosine=fitted.least_cosine,
        kernel=KernelPart(**{key: getattr(fitted.kernel, key) for key in KernelPart.model_fields}),
    )
    blob = tensors_blob(
        {"vectors": vectors.astype(np.float16), "scores": kept.scores.astype(np.float16)}
    )
    return write_sealed(folder, manifest, blobs={REFERENCES: blob, **of.blobs})


def load_neighbours(
    folder: str | Path, *, embedder: EmbedderName = "static", fallback: str | None = None
) -> NeighboursRouter:
    """The router of an artifact, ready to route.

    Args:
        folder: written by `orchestrator fit neighbours`.
        embedder: what it was fitted with; MiniLM takes seconds to load, so it is asked for.
        fallback: expert for prompts that are unlike everything known.

    Raises:
        RouterError: the folder is missing, stale, incomplete or inconsistent.
    """
    sealed = read_sealed(folder, NeighboursManifest, kind="neighbours")
    manifest = sealed.manifest
    if manifest.embedder != embedder:
        raise sealed.refusal(f"was fitted with embedder {manifest.embedder!r}, not {embedder!r}")
    num = manifest.num_references
    shapes = {"vectors": (num, manifest.dim), "scores": (num, len(manifest.experts))}
    found = sealed.tensors(REFERENCES, shapes)
    scores = found["scores"].astype(np.float64)
    if not np.isfinite(found["vectors"]).all() or bool(((scores < 0) | (scores > 1)).any()):
        raise sealed.refusal("has vectors or scores that are no numbers in their range")
    return NeighboursRouter(
        version=sealed.version,
        embedder=carried_embedder(sealed, name=manifest.embedder, dim=manifest.dim),
        references=unit_rows(found["vectors"].astype(np.float32)),
        known=Known.of(scores),
        kernel=Kernel(**manifest.kernel.model_dump()),
        experts=manifest.experts,
        least_cosine=manifest.least_cosine,
        fallback=fallback,
    )


def _drawn(num: int, seed: int) -> list[int]:
    """All of `num` rows, or as many of them as a router may hold."""
    if num <= MAX_REFERENCES:
        return list(range(num))
    drawn = np.random.default_rng(seed).choice(num, MAX_REFERENCES, replace=False)
    return sorted(drawn.tolist())
