"""What is merged, and how: the values that a merge is made from and leaves behind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from orchestrator.errors import MergeError
from orchestrator.merging.sources import Source

Method = Literal["average", "twin", "blend"]
METHODS: tuple[Method, ...] = ("average", "twin", "blend")

#: How far given weights may be from a sum of one, for those written with few digits.
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much of each source is taken, and who says so."""

    values: tuple[float, ...]
    #: A clause for people, such as `given`.
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One merge, checked and not yet written."""

    id: str
    method: Method
    #: In the order of `weights`; config and tokenizer are those of the first.
    sources: tuple[Source, ...]
    weights: Weights
    #: What all share in a twin merge; the mean of the sources where it is none.
    shared: Source | None = None
    #: Of each difference in a twin merge, of the whole in a blend; `None` is full rank.
    rank: int | None = None
    #: Of the base in a blend, if it is here: a canary needs it.
    base_folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of a merge."""

    sha256_by_file: Mapping[str, str]
    num_parameters: int
    #: Relative Frobenius error of what was compressed, by source or as a whole; empty where
    #: nothing was.
    errors: Mapping[str, float] = field(default_factory=dict)


def given(values: Sequence[float], *, method: Method, num_sources: int) -> Weights:
    """Weights from the command line.

    Raises:
        MergeError: too many or too few, not numbers, or in a mean no shares of one.
    """
    if len(values) != num_sources:
        raise MergeError(f"{len(values)} weights for {num_sources} experts; give one each")
    if not all(math.isfinite(value) for value in values):
        raise MergeError(f"weights {list(values)}: each must be a finite number")
    if method == "blend":
        return Weights(values=tuple(values), origin="given")
    if min(values) < 0:
        raise MergeError(f"weights {list(values)}: the shares of a mean are not negative")
    if method == "average" and abs(sum(values) - 1) > _SUM_TOLERANCE:
        raise MergeError(
            f"weights {list(values)} sum to {sum(values):g}, and shares of a mean sum to 1"
            + (f"; the same as shares: {_shares(values)}" if sum(values) > 0 else "")
        )
    return Weights(values=tuple(values), origin="given")


def equal(num_sources: int) -> Weights:
    """The same share of each."""
    return Weights(values=(1 / num_sources,) * num_sources, origin="equal shares")


def _shares(values: Sequence[float]) -> str:
    return ",".join(f"{value / sum(values):.4g}" for value in values)


def relative_error(energy: float, kept_energy: float) -> float:
    """Norm of what was dropped by the norm of the whole."""
    return math.sqrt(max(0.0, 1 - kept_energy / energy)) if energy else 0.0
