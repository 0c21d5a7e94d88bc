"""Weights by what a router makes of prompts: of a file of them, or of one request."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from orchestrator.errors import MergeError
from orchestrator.merging.recipe import Weights
from routers.mapping import Quality

#: Least share of the posterior that must fall on the experts to merge: below half the router says
#: that the prompts are of others, and what is left is noise blown up.
LEAST_SHARE = 0.5
_FIELDS = ("question", "prompt")
_NUM_SHOWN = 3


class CategoryRouter(Protocol):
    """What is used of a router: a posterior over categories, and who is best at each."""

    @property
    def quality(self) -> Quality:
        """Measured quality of each expert on each category."""
        ...

    def probabilities(self, texts: Sequence[str]) -> NDArray[Any]:
        """Shape [n_texts, n_categories]."""
        ...


def by_router(
    router: CategoryRouter, prompts: Sequence[str], experts: Sequence[str], *, origin: str
) -> Weights:
    """The mean posterior of each expert's categories, renormalised over `experts`.

    Source: Li 2022, Branch-Train-Merge, arXiv:2208.03306. We differ: the posterior is a
    classifier's, not that of the experts' own likelihoods, so no expert is run.

    Args:
        router: fitted.
        prompts: at least one.
        experts: to merge.
        origin: says where the prompts are from.

    Raises:
        MergeError: hardly any of the posterior falls on `experts`; says on whom it does.
    """
    share_by_expert = mean_posterior(router, prompts)
    shares = [share_by_expert.get(expert, 0.0) for expert in experts]
    if sum(shares) < LEAST_SHARE:
        raise MergeError(
            f"the router puts {sum(shares):.1%} on {', '.join(experts)} for these prompts, and "
            f"{LEAST_SHARE:.0%} at least is needed; it puts most on {_most(share_by_expert)}"
        )
    values = tuple(share / sum(shares) for share in shares)
    return Weights(values=values, origin=f"{origin}; {sum(shares):.1%} of it is on these experts")


def mean_posterior(router: CategoryRouter, prompts: Sequence[str]) -> dict[str, float]:
    """Expert -> mean probability of the categories that it is the best at."""
    means = router.probabilities(prompts).mean(axis=0).tolist()
    best = router.quality.table.argmax(axis=1).tolist()
    shares: dict[str, float] = {}
    for expert_at, mean in zip(best, means, strict=True):
        expert = router.quality.experts[expert_at]
        shares[expert] = shares.get(expert, 0.0) + mean
    return shares


def read_prompts(path: Path) -> tuple[str, ...]:
    """Prompts of a file: JSON lines with `question` or `prompt`, else one a line.

    Raises:
        MergeError: it cannot be read, holds none, or a line is no such object.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise MergeError(f"{path} cannot be read: {exc}") from exc
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not numbered:
        raise MergeError(f"{path} holds no prompt")
    if path.suffix != ".jsonl":
        return tuple(line for _, line in numbered)
    return tuple(_prompt(line, place=f"{path}:{number}") for number, line in numbered)


def _prompt(line: str, *, place: str) -> str:
    try:
        row = json.loads(line)
    except ValueError as exc:
        raise MergeError(f"{place}: is not JSON: {exc}") from exc
    found = [row[key] for key in _FIELDS if key in row] if isinstance(row, dict) else []
    if not found or not isinstance(found[0], str) or not found[0].strip():
        raise MergeError(f"{place}: has no text under `question` or `prompt`")
    return str(found[0])


def _most(share_by_expert: Mapping[str, float]) -> str:
    ordered = sorted(share_by_expert.items(), key=lambda one: -one[1])
    return ", ".join(f"{expert} {share:.1%}" for expert, share in ordered[:_NUM_SHOWN])
