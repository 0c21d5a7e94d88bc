"""Fits a classifier by neighbours: who is kept, and how votes are counted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from .artifacts import HeadPart, NearestPart
from .calibration import best_temperature
from .distil import quantised
from .embeddings import Embeddings
from .features import TextFeatures, softmax
from .labelling import Labels
from .nearest import GramSketch, Votes, logits_of, nearest, vectors
from .sealed import tensors_blob
from .training import UNLABELLED, Settings, TrainingSet
from .tuning import tuned

_NUM_NEIGHBOURS = (8, 24, 64, 160)
_BANDWIDTHS = (0.03, 0.05, 0.08, 0.12)
_FLOORS = (0.35, 0.5, 0.65, 0.8)
_BLOCK = 512

#: Similarity to those that may vote, and their labels; shapes [n, k], best first.
_Neighbours = tuple[NDArray[np.float32], NDArray[np.int64]]


def fit_nearest(
    data: TrainingSet, features: TextFeatures, *, settings: Settings
) -> tuple[HeadPart, bytes]:
    """Prompts with their labels; how they vote, temperature and tau on frames left out.

    Returns:
        What the manifest says of the head, and its file.
    """
    seen = features.of(data.texts)
    rows = vectors(seen, GramSketch(width=settings.sketch_width))
    labels = Labels(data, seen, settings=settings)
    near = _left_out(data, rows, labels, settings=settings)
    votes = _best_votes(data, near, settings=settings)
    part = tuned(data, _logits(votes, near, data), features=features)
    everything = labels.within(np.ones(len(near[0]), dtype=np.bool_))
    kept = everything != UNLABELLED
    nearest_part = NearestPart(
        num_prompts=int(kept.sum()), sketch_width=settings.sketch_width, k=votes.k,
        bandwidth=votes.bandwidth, floor=votes.floor,
    )  # fmt: skip
    blob = _blob(rows[kept], everything[kept])
    return part.model_copy(update={"nearest": nearest_part}), blob


def _left_out(
    data: TrainingSet, rows: Embeddings, labels: Labels, *, settings: Settings
) -> _Neighbours:
    """Of each question those nearest to it among the questions of other folds."""
    fold = data.folds(settings.num_folds, settings.seed)
    width = max(_NUM_NEIGHBOURS)
    similarity = np.full((len(fold), width), -1, dtype=np.float32)
    whose = np.full((len(fold), width), len(data.categories))
    for number in np.unique(fold):
        out = np.flatnonzero(fold == number)
        own = labels.within(fold != number)
        learnt = np.flatnonzero(own != UNLABELLED)
        for start in range(0, len(out) if len(learnt) else 0, _BLOCK):
            some = out[start : start + _BLOCK]
            found, who = _nearest(rows[some] @ rows[learnt].T, width)
            similarity[some, : found.shape[1]] = found
            whose[some, : found.shape[1]] = own[learnt][who]
    return similarity, whose


def _nearest(similarity: NDArray[np.float32], k: int) -> _Neighbours:
    who = nearest(similarity, k)
    found = np.take_along_axis(similarity, who, axis=1)
    order = np.argsort(-found, axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(who, order, axis=1)


def _best_votes(data: TrainingSet, near: _Neighbours, *, settings: Settings) -> Votes:
    """Those with the least cross-entropy; unknown questions should be told as of any category."""
    num_known = len(data.known)
    num_unknown = max(len(data.unknown), 1)

    def loss(votes: Votes) -> float:
        logits = _logits(votes, near, data)
        temperature = best_temperature(logits[:num_known], data.labels)
        log_p = np.log(np.maximum(softmax(logits / np.float32(temperature)), 1e-12))
        known = log_p[np.arange(num_known), data.labels].mean()
        unknown = log_p[num_known:].mean(axis=1).sum() / num_unknown
        return float(-known - settings.unknown_weight * unknown)

    return min(_options(), key=loss)


def _options() -> Iterator[Votes]:
    for k, bandwidth, floor in product(_NUM_NEIGHBOURS, _BANDWIDTHS, _FLOORS):
        yield Votes(k=k, bandwidth=bandwidth, floor=floor)


def _logits(votes: Votes, near: _Neighbours, data: TrainingSet) -> NDArray[np.float32]:
    similarity, labels = near
    k = votes.k
    return logits_of(votes.shares(similarity[:, :k], labels[:, :k], len(data.categories)))


def _blob(rows: Embeddings, labels: NDArray[np.int64]) -> bytes:
    table, scale = quantised(rows)
    return tensors_blob({"prompts": table, "scale": scale, "labels": labels.astype(np.int16)})
