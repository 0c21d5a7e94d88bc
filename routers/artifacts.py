"""A fitted category router as a folder: a manifest, safetensors, a tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from .category import CategoryRouter
from .embeddings import EmbedderName
from .features import LinearHead, TextFeatures
from .grams import HashedGrams
from .mapping import Quality
from .sealed import Part, Seal, Sealed, read_sealed
from .static_files import carried_embedder
from .window import Window

QUALITY = "quality.safetensors"


class WindowPart(Part):
    """Characters of a text that are read."""

    head: int = Field(ge=1)
    tail: int = Field(ge=1)
    lead: int = Field(ge=1, description="Longer texts are also read by their outer sentences.")


class GramsPart(Part):
    """How words and characters are hashed."""

    bits: int = Field(ge=8, le=24)
    char_lengths: tuple[int, ...] = Field(min_length=1)
    word_lengths: tuple[int, ...] = Field(min_length=1)
    word_share: float = Field(ge=0, le=1)


class HeadPart(Part):
    """What belongs to one embedder."""

    dim: int = Field(ge=1, description="Length of the embedding.")
    dense_norm: float = Field(gt=0)
    temperature: float = Field(gt=0)
    tau: float = Field(ge=0, le=1, description="Entropy above which a prompt is unsure.")
    metrics: dict[str, float] = Field(description="Measured on frames left out of the fit.")


class Manifest(Seal):
    """What a folder holds and what it was fitted on."""

    kind: Literal["category"] = "category"
    categories: tuple[str, ...] = Field(min_length=2)
    experts: tuple[str, ...] = Field(min_length=1)
    expert_by_category: dict[str, str]
    window: WindowPart
    grams: GramsPart
    heads: dict[EmbedderName, HeadPart] = Field(min_length=1)


def head_file(embedder: EmbedderName) -> str:
    """Name of the file with the weights of one head."""
    return f"head-{embedder}.safetensors"


def load_router(
    path: str | Path, *, embedder: EmbedderName = "static", fallback: str
) -> CategoryRouter:
    """The router of an artifact, ready to route.

    Args:
        path: folder written by `orchestrator fit category`.
        embedder: which of its heads to use.
        fallback: expert for prompts of no known category.

    Raises:
        RouterError: The folder is missing, stale, incomplete or inconsistent.
    """
    sealed = read_artifact(path)
    manifest = sealed.manifest
    if embedder not in manifest.heads:
        raise sealed.refusal(f"has no head for {embedder!r}, only {sorted(manifest.heads)}")
    part = manifest.heads[embedder]
    features = TextFeatures(
        embedder=carried_embedder(sealed, name=embedder, dim=part.dim),
        grams=HashedGrams(**manifest.grams.model_dump()),
        dense_norm=part.dense_norm,
    )
    return CategoryRouter(
        version=sealed.version,
        window=Window(**manifest.window.model_dump()),
        features=features,
        head=_head(sealed, embedder=embedder),
        quality=_quality(sealed),
        tau=part.tau,
        fallback=fallback,
    )


def read_artifact(path: str | Path) -> Sealed[Manifest]:
    """The manifest of an artifact, and its files to open.

    Raises:
        RouterError: It is missing or not of this format.
    """
    return read_sealed(path, Manifest, kind="category")


def _head(sealed: Sealed[Manifest], *, embedder: EmbedderName) -> LinearHead:
    manifest = sealed.manifest
    part, num = manifest.heads[embedder], len(manifest.categories)
    shapes = {"dense": (part.dim, num), "grams": (2**manifest.grams.bits, num), "bias": (num,)}
    found = sealed.tensors(head_file(embedder), shapes)
    return LinearHead(
        dense=found["dense"].astype(np.float32),
        grams=found["grams"].astype(np.float32),
        bias=found["bias"].astype(np.float32),
        temperature=part.temperature,
    )


def _quality(sealed: Sealed[Manifest]) -> Quality:
    manifest = sealed.manifest
    shape = (len(manifest.categories), len(manifest.experts))
    table = sealed.tensors(QUALITY, {"quality": shape})["quality"]
    return Quality(
        categories=manifest.categories, experts=manifest.experts, table=table.astype(np.float32)
    )
