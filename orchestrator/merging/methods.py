"""How the tensors of siblings become one: pure functions on numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.merging.tensors import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressed:
    """A matrix of low rank, and what of the whole it keeps."""

    tensor: Values
    #: Squared norms before and after.
    energy: float
    kept_energy: float


def average(tensors: Sequence[Values], weights: Sequence[float]) -> Values:
    """The weighted mean of tensors of one shape.

    Source: Li 2022, Branch-Train-Merge, arXiv:2208.03306: parameters averaged by the posterior of
    the domain.
    """
    return weighted_sum(tensors, weights)


def weighted_sum(tensors: Sequence[Values], weights: Sequence[float]) -> Values:
    """Sum of `weights[i] * tensors[i]`; a weight of zero leaves its tensor out."""
    total: Values = np.zeros_like(tensors[0])
    for tensor, weight in zip(tensors, weights, strict=True):
        if weight:
            total += weight * tensor
    return total


def twin(
    tensors: Sequence[Values], weights: Sequence[float], *, shared: Values, rank: int | None
) -> tuple[Values, tuple[Compressed, ...]]:
    """What the experts share, and what is each one's own by its weight.

    Each difference from `shared` is compressed to `rank`; where it is no matrix, or `rank` is
    `None`, it is kept whole. In full rank, weights (1, 0, ...) give the first expert.

    Source: Lu 2024, Twin-Merging, arXiv:2406.15479. We differ: the shared part is the plain mean
    of the experts, or an expert that is given.
    """
    own = tuple(low_rank(tensor - shared, rank) for tensor in tensors)
    return shared + weighted_sum([one.tensor for one in own], weights), own


def low_rank(matrix: Values, rank: int | None) -> Compressed:
    """The nearest matrix of at most `rank`; tensors of other dimensions as they are."""
    energy = float(np.square(matrix).sum())
    if rank is None or matrix.ndim != 2 or rank >= min(matrix.shape):
        return Compressed(tensor=matrix, energy=energy, kept_energy=energy)
    left, sizes, right = np.linalg.svd(matrix, full_matrices=False)
    return Compressed(
        tensor=(left[:, :rank] * sizes[:rank]) @ right[:rank],
        energy=energy,
        kept_energy=float(np.square(sizes[:rank]).sum()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """A low-rank change of one module: `scale * up @ down`.

    Shapes: down [rank, num_in], up [num_out, rank].
    """

    down: Values
    up: Values
    scale: float = 1.0

    @property
    def delta(self) -> Values:
        """Shape [num_out, num_in]."""
        return self.scale * (self.up @ self.down)


def blend(factors: Sequence[Factors], weights: Sequence[float]) -> Factors:
    """The weighted sum of changes, exactly: ranks are laid side by side.

    Source: Buehler 2024, X-LoRA, arXiv:2402.07148. We differ: one set of weights a request or a
    file, where X-LoRA has one a token and layer.
    """
    return Factors(
        down=np.concatenate([one.down for one in factors], axis=0),
        up=np.concatenate(
            [weight * one.scale * one.up for one, weight in zip(factors, weights, strict=True)],
            axis=1,
        ),
    )


def reduced(factors: Factors, rank: int) -> tuple[Factors, Compressed]:
    """The nearest change of `rank`, found without ever forming the whole matrix."""
    left, left_size = np.linalg.qr(factors.scale * factors.up)
    right, right_size = np.linalg.qr(factors.down.T)
    inner, sizes, outer = np.linalg.svd(left_size @ right_size.T, full_matrices=False)
    roots = np.sqrt(sizes[:rank])
    up = left @ (inner[:, :rank] * roots)
    down = (roots[:, None] * outer[:rank]) @ right.T
    kept = Compressed(
        tensor=down,
        energy=float(np.square(sizes).sum()),
        kept_energy=float(np.square(sizes[:rank]).sum()),
    )
    return padded(Factors(down=down, up=up), rank), kept


def padded(factors: Factors, rank: int) -> Factors:
    """The same change in a higher rank, so that all modules of an adapter have one."""
    missing = rank - factors.down.shape[0]
    return Factors(
        down=np.pad(factors.down, ((0, missing), (0, 0))),
        up=np.pad(factors.up, ((0, 0), (0, missing))),
        scale=factors.scale,
    )
