"""What a router is: prompts in, scored choices out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class RouterError(Exception):
    """A router or its artifact cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Scores of a prompt and the choice made from them."""

    #: Expert ids, best first; never empty.
    chosen: tuple[str, ...]
    #: Expert id -> score in [0, 1]; higher is better. Only experts that were candidates.
    scores: Mapping[str, float]
    #: Category the prompt was put in, where the router has categories.
    category: str | None = None
    #: Uncertainty in [0, 1]: normalised entropy of the category's probabilities.
    entropy: float | None = None
    #: One sentence a reason, for people.
    reasons: tuple[str, ...] = ()
    #: True when the prompt was unsure and went to the general expert.
    is_fallback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """Texts to route and the experts that may be chosen."""

    texts: Sequence[str]
    candidates: frozenset[str] = field(default_factory=frozenset)


class Router(Protocol):
    """Scores experts for prompts; pure CPU work, no I/O after loading."""

    @property
    def version(self) -> str:
        """Version of the artifact, for the decision record."""
        ...

    @property
    def is_slow(self) -> bool:
        """True when one decision takes over a few milliseconds: callers then use a thread."""
        ...

    def route(self, prompts: Prompts) -> list[Route]:
        """One route per text, in order.

        Raises:
            RouterError: no candidate is left to choose from.
        """
        ...
