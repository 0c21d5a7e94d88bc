"""Fits a category router and writes its artifact.

Folds are by frame: all questions of one sentence pattern are left out together, as what counts is
how the router does on wordings nobody wrote for it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from . import artifacts
from .artifacts import ClassifierName, HeadPart, Manifest
from .distil import StaticTable, distil_static
from .embeddings import EmbedderName, MiniLMEmbedding, minilm_folder
from .features import Features, TextFeatures
from .grams import HashedGrams
from .labelling import Labels
from .mapping import Quality
from .nearest_fit import fit_nearest
from .questions import data_sha256
from .sealed import tensors_blob, write_sealed
from .softmax import Examples, Weights, fit_softmax
from .static_files import static_blobs
from .training import DEFAULTS, UNLABELLED, Settings, TrainingSet
from .tuning import tuned

logger = logging.getLogger(__name__)

_PACKAGES = ("model2vec", "numpy", "scipy", "sentence-transformers", "tokenizers")


def fit_router(
    data: TrainingSet,
    folder: Path,
    *,
    quality: Quality,
    embedders: Sequence[EmbedderName] = ("static", "minilm"),
    classifier: ClassifierName = "linear",
    table: StaticTable | None = None,
    settings: Settings = DEFAULTS,
) -> Manifest:
    """Fits one head per embedder, tunes them, and writes the artifact to `folder`.

    Args:
        data: what is learnt from.
        folder: where the artifact goes.
        quality: who serves each category.
        embedders: heads to fit.
        classifier: what puts prompts in categories.
        table: the static embedding; distilled from MiniLM where none is given.
        settings: what else a fit depends on.
    """
    table = table or distil_static(minilm_folder(), dim=settings.dim)
    blobs = {artifacts.QUALITY: tensors_blob({"quality": quality.table})}
    heads: dict[EmbedderName, HeadPart] = {}
    for name in embedders:
        if name == "static":
            blobs |= static_blobs(table)
        own = data if name == "static" else data.at_most(settings.minilm_questions)
        features = _features(name, table, settings, classifier=classifier)
        heads[name], blobs[artifacts.head_file(name)] = _fitted(
            own, features, classifier=classifier, settings=settings
        )
        logger.info("fitted head %r: %s", name, heads[name].metrics)
    manifest = Manifest(
        data_sha256=data_sha256(data.known + data.unknown, data.unlabelled),
        seed=settings.seed,
        packages={name: version(name) for name in _PACKAGES},
        categories=data.categories,
        experts=quality.experts,
        expert_by_category=quality.expert_by_category(),
        experts_by_category=quality.experts_by_category(),
        window=settings.window,
        grams=settings.grams,
        heads=heads,
        files={},
    )
    return write_sealed(folder, manifest, blobs=blobs)


def _fitted(
    data: TrainingSet, features: TextFeatures, *, classifier: ClassifierName, settings: Settings
) -> tuple[HeadPart, bytes]:
    if classifier == "neighbours":
        return fit_nearest(data.at_most(settings.nearest_prompts), features, settings=settings)
    part, weights = fit_head(data, features, settings=settings)
    return part, _head_blob(weights, part.dim)


def _features(
    name: EmbedderName, table: StaticTable, settings: Settings, *, classifier: ClassifierName
) -> TextFeatures:
    is_static = name == "static"
    linear_norm = settings.dense_norm if is_static else settings.minilm_dense_norm
    return TextFeatures(
        embedder=table.embedding() if is_static else MiniLMEmbedding.installed(),
        grams=HashedGrams(**settings.grams.model_dump()),
        dense_norm=linear_norm if classifier == "linear" else settings.nearest_dense_norm,
    )


def fit_head(
    data: TrainingSet, features: TextFeatures, *, settings: Settings
) -> tuple[HeadPart, Weights]:
    """One head: weights on all questions; temperature and tau on frames left out.

    Returns:
        What the manifest says of the head, and weights of shape [n_features + 1, n_categories].
    """
    seen = features.of(data.texts)
    rows = matrix(seen, bits=features.grams.bits)
    labels = Labels(data, seen, settings=settings)
    l2 = settings.minilm_l2 if features.embedder.is_slow else settings.l2
    fold = data.folds(settings.num_folds, settings.seed)
    logits = np.zeros((len(fold), len(data.categories)), dtype=np.float32)
    for number in range(settings.num_folds):
        is_in = fold != number
        if is_in.all():
            continue
        weights = fit_softmax(_examples(rows, labels.within(is_in), settings, data), l2=l2)
        logits[~is_in] = rows[: len(fold)][~is_in] @ weights[:-1] + weights[-1]
    everything = np.ones(len(fold), dtype=np.bool_)
    weights = fit_softmax(_examples(rows, labels.within(everything), settings, data), l2=l2)
    return tuned(data, logits, features=features), weights


def matrix(seen: Features, *, bits: int) -> csr_matrix:
    """Both views of texts side by side, shape [n_texts, dim + 2**bits]."""
    grams = seen.grams
    shape = (grams.num_rows, 2**bits)
    sparse = csr_matrix((grams.values, (grams.rows, grams.columns)), shape=shape)
    return hstack([csr_matrix(seen.dense), sparse], format="csr")


def _examples(
    rows: csr_matrix, labels: NDArray[np.int64], settings: Settings, data: TrainingSet
) -> Examples:
    learnt = np.flatnonzero(labels != UNLABELLED)
    own = labels[learnt]
    num = len(data.categories)
    is_known = own < num
    weights = np.full(len(own), 1 / max(is_known.sum(), 1))
    weights[~is_known] = settings.unknown_weight / max((~is_known).sum(), 1)
    one_or_all = np.vstack([np.eye(num), np.full(num, 1 / num)])
    return Examples(features=rows[learnt], targets=one_or_all[own], weights=weights)


def _head_blob(weights: Weights, dim: int) -> bytes:
    return tensors_blob(
        {
            "dense": weights[:dim].astype(np.float16),
            "grams": weights[dim:-1].astype(np.float16),
            "bias": weights[-1],
        }
    )
