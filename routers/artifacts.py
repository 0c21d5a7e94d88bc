"""A fitted category router as a folder: a manifest, safetensors, a tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from .category import CategoryRouter
from .embeddings import EmbedderName, unit_rows
from .features import LinearHead, TextFeatures
from .grams import HashedGrams
from .mapping import Quality
from .nearest import GramSketch, NearestHead, Votes
from .sealed import Part, Seal, Sealed, read_sealed
from .spending import Measure
from .static_files import carried_embedder
from .window import Window

QUALITY = "quality.safetensors"

ClassifierName = Literal["linear", "neighbours"]


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


class NearestPart(Part):
    """How a classifier by neighbours votes."""

    num_prompts: int = Field(ge=1, description="Labelled prompts that a new one is compared with.")
    sketch_width: int = Field(ge=1, description="Columns of the sketch of the grams.")
    k: int = Field(ge=1, description="Neighbours that vote.")
    bandwidth: float = Field(gt=0, description="Similarity by which a vote weighs e times less.")
    floor: float = Field(
        gt=0, le=1, description="Similarity of the neighbour of no category that always votes."
    )


class HeadPart(Part):
    """What belongs to one embedder."""

    dim: int = Field(ge=1, description="Length of the embedding.")
    dense_norm: float = Field(gt=0)
    temperature: float = Field(gt=0)
    tau: float = Field(ge=0, le=1, description="Entropy above which a prompt is unsure.")
    metrics: dict[str, float] = Field(description="Measured on frames left out of the fit.")
    nearest: NearestPart | None = Field(
        None, description="Of a classifier by neighbours; without it the classifier is linear."
    )

    @property
    def classifier(self) -> ClassifierName:
        """What puts prompts in categories."""
        return "neighbours" if self.nearest else "linear"


class BudgetPart(Part):
    """Budgets that the map of categories to experts holds."""

    data_sha256: str = Field(description="Hash of the outcomes that it was found on.")
    limits: dict[Measure, float] = Field(description="The most that the map may take.")
    spent: dict[Measure, float] = Field(description="What it takes, of every known measure.")
    quality: float = Field(ge=0, le=1, description="Expected quality of a request.")
    bound: float = Field(description="No map within the limits has a higher one.")


class Manifest(Seal):
    """What a folder holds and what it was fitted on."""

    kind: Literal["category"] = "category"
    categories: tuple[str, ...] = Field(min_length=2)
    experts: tuple[str, ...] = Field(min_length=1)
    expert_by_category: dict[str, str]
    budget: BudgetPart | None = Field(None, description="Written by `orchestrator fit map`.")
    experts_by_category: dict[str, tuple[str, ...]] = Field(
        {}, description="Experts that were measured on it, the best first."
    )
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
        head=_nearest(sealed, embedder, near)
        if (near := part.nearest)
        else _linear(sealed, embedder),
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


def _linear(sealed: Sealed[Manifest], embedder: EmbedderName) -> LinearHead:
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


def _nearest(sealed: Sealed[Manifest], embedder: EmbedderName, part: NearestPart) -> NearestHead:
    manifest = sealed.manifest
    width = manifest.heads[embedder].dim + part.sketch_width
    shapes = {
        "prompts": (part.num_prompts, width),
        "scale": (width,),
        "labels": (part.num_prompts,),
    }
    found = sealed.tensors(head_file(embedder), shapes)
    labels = found["labels"].astype(np.int64)
    if labels.min() < 0 or labels.max() > len(manifest.categories):
        raise sealed.refusal(
            f"labels a prompt with none of its {len(manifest.categories)} categories"
        )
    return NearestHead(
        prompts=unit_rows(found["prompts"].astype(np.float32) * found["scale"]),
        labels=labels,
        num_categories=len(manifest.categories),
        sketch=GramSketch(width=part.sketch_width),
        votes=Votes(k=part.k, bandwidth=part.bandwidth, floor=part.floor),
        temperature=manifest.heads[embedder].temperature,
    )


def _quality(sealed: Sealed[Manifest]) -> Quality:
    manifest = sealed.manifest
    shape = (len(manifest.categories), len(manifest.experts))
    table = sealed.tensors(QUALITY, {"quality": shape})["quality"]
    assigned = manifest.expert_by_category
    if set(assigned) != set(manifest.categories) or set(assigned.values()) - set(manifest.experts):
        raise sealed.refusal("maps other categories or experts than it has")
    return Quality(
        categories=manifest.categories,
        experts=manifest.experts,
        table=table.astype(np.float32),
        assigned=assigned,
    )
