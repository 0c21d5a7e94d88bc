"""Experts for one task that somebody has named, in the order in which they are to be taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .base import Prompts, Route, RouterError


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRouter:
    """Chooses alike for every prompt: who asks has said what task it is."""

    version: str
    #: Expert -> what it solves of the task above blind guessing, in [0, 1]; the first to take
    #: first, which need not be the order of the figures: a second one adds to the first.
    experts: Mapping[str, float]

    @property
    def is_slow(self) -> bool:
        """It is not."""
        return False

    def route(self, prompts: Prompts) -> list[Route]:
        """One route per text, in order.

        Raises:
            RouterError: none of its experts is a candidate.
        """
        scores = {name: at for name, at in self.experts.items() if name in prompts.candidates}
        if not scores:
            raise RouterError(f"none of {list(self.experts)} is a candidate")
        first = next(iter(scores))
        passed = [repr(name) for name in self.experts if name not in scores]
        missing = f"; no candidate: {', '.join(passed)}" if passed else ""
        reason = f"{first!r} is the first for this task (solves {scores[first]:.0%}){missing}"
        return [
            Route(chosen=tuple(scores), scores=scores, reasons=(reason,)) for _ in prompts.texts
        ]
