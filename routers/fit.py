"""Fits a category router and writes its artifact.

Folds are by frame: all questions of one sentence pattern are left out together, as what counts is
how the router does on wordings nobody wrote for it.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from . import artifacts
from .artifacts import GramsPart, HeadPart, Manifest, WindowPart
from .base import RouterError
from .calibration import best_temperature, best_threshold, calibration_error, entropies
from .distil import StaticTable, distil_static
from .embeddings import EmbedderName, MiniLMEmbedding, minilm_folder
from .features import TextFeatures, softmax
from .grams import HashedGrams
from .mapping import Quality
from .questions import Question, data_sha256
from .sealed import tensors_blob, write_sealed
from .softmax import Examples, Weights, fit_softmax
from .static_files import static_blobs

logger = logging.getLogger(__name__)

_PACKAGES = ("model2vec", "numpy", "scipy", "sentence-transformers", "tokenizers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a fit depends on beside its questions.

    `dim`, `dense_norm`, `l2` and the grams come from a few single runs on a set of development
    wordings; the others are first guesses that were not searched.
    """

    seed: int = 20_261_122
    num_folds: int = 4
    #: Dimensions of the static table.
    dim: int = 128
    #: Length of the embedding beside the grams, whose length is one.
    dense_norm: float = 0.5
    #: The same for MiniLM, which knows more.
    minilm_dense_norm: float = 2.0
    l2: float = 1e-5
    minilm_l2: float = 3e-5
    #: MiniLM gets one question in so many: it embeds only about a hundred a second.
    minilm_stride: int = 3
    #: Weight of all unknown prompts together; all known ones weigh one.
    unknown_weight: float = 0.4
    window: WindowPart = field(default_factory=lambda: WindowPart(head=280, tail=280, lead=200))
    grams: GramsPart = field(
        default_factory=lambda: GramsPart(
            bits=14, char_lengths=(3, 4), word_lengths=(1, 2), word_share=0.5
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Questions with their labels."""

    known: tuple[Question, ...]
    unknown: tuple[Question, ...]
    categories: tuple[str, ...]

    @property
    def texts(self) -> list[str]:
        """Known questions first."""
        return [question.text for question in self.known + self.unknown]

    @property
    def labels(self) -> NDArray[np.int64]:
        """Category of each known question, shape [n_known]."""
        number = {name: i for i, name in enumerate(self.categories)}
        return np.array([number[question.skill] for question in self.known])

    def every(self, stride: int) -> TrainingSet:
        """One question in `stride`, known and unknown; the categories stay."""
        known, unknown = self.known[::stride], self.unknown[::stride]
        return TrainingSet(known=known, unknown=unknown, categories=self.categories)

    def folds(self, num_folds: int, seed: int) -> NDArray[np.int64]:
        """Fold of every question, shape [n]; questions of one frame share theirs."""
        keys = [f"{seed}:{question.frame}" for question in self.known + self.unknown]
        return np.array([zlib.crc32(key.encode()) % num_folds for key in keys])


def training_set(known: Sequence[Question], unknown: Sequence[Question]) -> TrainingSet:
    """Questions ready to fit on.

    Raises:
        RouterError: A question is both known and unknown.
    """
    texts = {question.text for question in known}
    if both := [question.text for question in unknown if question.text in texts]:
        raise RouterError(f"question {both[0]!r} is in the known and in the unknown questions")
    categories = tuple(sorted({question.skill for question in known}))
    return TrainingSet(known=tuple(known), unknown=tuple(unknown), categories=categories)


def fit_router(
    data: TrainingSet,
    folder: Path,
    *,
    quality: Quality,
    embedders: Sequence[EmbedderName] = ("static", "minilm"),
    settings: Settings = Settings(),
) -> Manifest:
    """Distils, fits one head per embedder, tunes both, and writes the artifact to `folder`."""
    table = distil_static(minilm_folder(), dim=settings.dim)
    blobs = {artifacts.QUALITY: tensors_blob({"quality": quality.table})}
    heads: dict[EmbedderName, HeadPart] = {}
    for name in embedders:
        if name == "static":
            blobs |= static_blobs(table)
        own = data if name == "static" else data.every(settings.minilm_stride)
        heads[name], weights = fit_head(own, _features(name, table, settings), settings=settings)
        blobs[artifacts.head_file(name)] = _head_blob(weights, heads[name].dim)
        logger.info("fitted head %r: %s", name, heads[name].metrics)
    manifest = Manifest(
        data_sha256=data_sha256(data.known + data.unknown),
        seed=settings.seed,
        packages={name: version(name) for name in _PACKAGES},
        categories=data.categories,
        experts=quality.experts,
        expert_by_category=quality.expert_by_category(),
        window=settings.window,
        grams=settings.grams,
        heads=heads,
        files={},
    )
    return write_sealed(folder, manifest, blobs=blobs)


def _features(name: EmbedderName, table: StaticTable, settings: Settings) -> TextFeatures:
    is_static = name == "static"
    return TextFeatures(
        embedder=table.embedding() if is_static else MiniLMEmbedding.installed(),
        grams=HashedGrams(**settings.grams.model_dump()),
        dense_norm=settings.dense_norm if is_static else settings.minilm_dense_norm,
    )


def fit_head(
    data: TrainingSet, features: TextFeatures, *, settings: Settings
) -> tuple[HeadPart, Weights]:
    """One head: weights on all questions; temperature and tau on frames left out.

    Returns:
        What the manifest says of the head, and weights of shape [n_features + 1, n_categories].
    """
    rows = matrix(features, data.texts)
    l2 = settings.minilm_l2 if features.embedder.is_slow else settings.l2
    fold = data.folds(settings.num_folds, settings.seed)
    logits = np.zeros((len(fold), len(data.categories)), dtype=np.float32)
    for number in range(settings.num_folds):
        is_in = fold != number
        if is_in.all():
            continue
        weights = fit_softmax(_examples(data, rows, is_in, settings=settings), l2=l2)
        logits[~is_in] = rows[~is_in] @ weights[:-1] + weights[-1]
    everything = np.ones(len(fold), dtype=np.bool_)
    weights = fit_softmax(_examples(data, rows, everything, settings=settings), l2=l2)
    part = _tuned(data, logits, dim=features.embedder.dim, dense_norm=features.dense_norm)
    return part, weights


def matrix(features: TextFeatures, texts: Sequence[str]) -> csr_matrix:
    """Both views of `texts` side by side, shape [n_texts, dim + 2**bits]."""
    seen = features.of(texts)
    shape = (len(texts), 2**features.grams.bits)
    grams = csr_matrix((seen.grams.values, (seen.grams.rows, seen.grams.columns)), shape=shape)
    return hstack([csr_matrix(seen.dense), grams], format="csr")


def _examples(
    data: TrainingSet, rows: csr_matrix, is_in: NDArray[np.bool_], *, settings: Settings
) -> Examples:
    num_known, num_unknown = len(data.known), len(data.unknown)
    targets = np.full((len(is_in), len(data.categories)), 1 / len(data.categories))
    targets[:num_known] = np.eye(len(data.categories))[data.labels]
    weights = np.full(len(is_in), 1 / num_known)
    weights[num_known:] = settings.unknown_weight / max(num_unknown, 1)
    return Examples(features=rows[is_in], targets=targets[is_in], weights=weights[is_in])


def _tuned(
    data: TrainingSet, logits: NDArray[np.float32], *, dim: int, dense_norm: float
) -> HeadPart:
    """Temperature, tau and what they measure, from logits of left-out frames."""
    num_known = len(data.known)
    known, labels = logits[:num_known], data.labels
    temperature = best_temperature(known, labels)
    is_known = np.arange(len(logits)) < num_known
    is_right = np.zeros(len(logits), dtype=np.bool_)
    is_right[:num_known] = known.argmax(axis=1) == labels
    threshold = best_threshold(entropies(logits, temperature), is_right, is_known)
    confidence = softmax(known / np.float32(temperature)).max(axis=1)
    metrics = {
        "category_accuracy": float(is_right[:num_known].mean()),
        "routed_right": threshold.known_right,
        "unknown_recall": threshold.unknown_recall,
        "calibration_error": calibration_error(confidence, is_right[:num_known]),
    }
    return HeadPart(
        dim=dim,
        dense_norm=dense_norm,
        temperature=round(temperature, 4),
        tau=round(threshold.tau, 4),
        metrics={name: round(value, 4) for name, value in metrics.items()},
    )


def _head_blob(weights: Weights, dim: int) -> bytes:
    return tensors_blob(
        {
            "dense": weights[:dim].astype(np.float16),
            "grams": weights[dim:-1].astype(np.float16),
            "bias": weights[-1],
        }
    )
