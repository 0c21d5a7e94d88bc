"""Proposes categories that nobody has named yet, from prompts that a router was unsure of.

Source: generalised category discovery, An 2023, arXiv:2305.06144: unlabelled traffic holds known
categories and new ones. We differ: what is known is told by the router's entropy, and the rest is
clustered as the router sees it, without learning a representation for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from .base import RouterError
from .category import CategoryRouter
from .embeddings import Embeddings
from .features import normalised_entropy
from .keywords import telling_words
from .nearest import GramSketch, vectors

_BATCH = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What counts as a category of its own.

    Chosen on three pairs of the demo's skills that were left out of a fit.
    """

    #: Mean similarity between two groups of prompts from which on they are one.
    similarity: float = 0.4
    #: Prompts of which a proposal has at least as many.
    min_size: int = 8
    #: Prompts compared with each other, evenly chosen: memory grows with their square.
    max_texts: int = 6000
    #: Length of the embedding beside the sketch of the grams.
    dense_norm: float = 1.4
    #: Columns of that sketch.
    sketch_width: int = 1024
    num_keywords: int = 8
    num_examples: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Unsure prompts that are like each other."""

    name: str
    #: All of its prompts, those nearest to its middle first.
    texts: tuple[str, ...]
    #: Mean similarity of two of its prompts, at most 1.
    cohesion: float
    #: Words that its prompts have and the other unsure ones have not.
    keywords: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many prompts it has."""
        return len(self.texts)


def unsure(router: CategoryRouter, texts: Sequence[str]) -> list[str]:
    """Those whose entropy is over the router's threshold; blank ones and repetitions are left out.

    Args:
        router: a fitted one.
        texts: prompts of traffic.
    """
    told = [text for text in dict.fromkeys(texts) if text.strip()]
    found: list[str] = []
    for start in range(0, len(told), _BATCH):
        some = told[start : start + _BATCH]
        entropy = normalised_entropy(router.probabilities(some))
        found += [text for text, one in zip(some, entropy, strict=True) if one > router.tau]
    return found


def discover(
    router: CategoryRouter, texts: Sequence[str], *, settings: Discovery | None = None
) -> tuple[Proposal, ...]:
    """New categories among `texts`, the largest first.

    Args:
        router: whose view of texts is compared, and whose categories' names are not given again.
        texts: what it was unsure of.
        settings: what counts as a category.

    Raises:
        RouterError: fewer texts than one proposal has.
    """
    settings = settings or Discovery()
    if len(texts) < settings.min_size:
        raise RouterError(
            f"only {len(texts)} prompts were unsure; a proposal has {settings.min_size} or more: "
            "give more traffic"
        )
    chosen = list(texts)[:: -(-len(texts) // settings.max_texts)]
    cut = [router.window.cut(text) for text in chosen]
    features = replace(router.features, dense_norm=settings.dense_norm).of(cut)
    rows = vectors(features, GramSketch(width=settings.sketch_width))
    groups = [
        members
        for members in _clusters(rows, similarity=settings.similarity)
        if len(members) >= settings.min_size
    ]
    names = _new_names(router.quality.categories, len(groups))
    groups.sort(key=lambda members: (-len(members), int(members[0])))
    return tuple(
        _proposal(name, members, rows=rows, texts=chosen, settings=settings)
        for name, members in zip(names, groups, strict=True)
    )


def _clusters(rows: Embeddings, *, similarity: float) -> list[NDArray[np.int64]]:
    """Members of each cluster by average linkage; every row is in one."""
    distance = np.clip(1 - (rows @ rows.T).astype(np.float64), 0, 2)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), method="average")
    number = fcluster(tree, t=1 - similarity, criterion="distance")
    return [np.flatnonzero(number == one) for one in np.unique(number)]


def _proposal(
    name: str,
    members: NDArray[np.int64],
    *,
    rows: Embeddings,
    texts: Sequence[str],
    settings: Discovery,
) -> Proposal:
    own = rows[members]
    num = len(members)
    middle = own.sum(axis=0)
    # The sum of all products of pairs is the middle's square, that of a prompt with itself is one.
    cohesion = float((middle @ middle - (own * own).sum()) / (num * (num - 1)))
    order = members[np.argsort(-(own @ middle), kind="stable")]
    inside = set(members.tolist())
    others = [text for i, text in enumerate(texts) if i not in inside]
    mine = [texts[i] for i in order]
    return Proposal(
        name=name,
        texts=tuple(mine),
        cohesion=round(cohesion, 4),
        keywords=telling_words(mine, others, num_words=settings.num_keywords),
    )


def _new_names(taken: Sequence[str], number: int) -> list[str]:
    free = (f"new-{i}" for i in range(1, len(taken) + number + 1))
    return [name for name in free if name not in taken][:number]
