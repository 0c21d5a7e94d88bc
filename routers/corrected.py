"""A fitted router that hears what callers say of its choices."""

from __future__ import annotations

from typing import Protocol

from .base import Prompts, Route, Router
from .embeddings import Embedder, embedder_in
from .feedback import Correctable, Tally


class Fitted(Router, Correctable, Protocol):
    """What can be corrected."""


class CorrectedRouter:
    """Routes by the fitted router and what was heard last; a switch is one assignment.

    Args:
        fitted: stays as it is, so that what is taken back leaves no trace.
    """

    def __init__(self, fitted: Fitted) -> None:
        self._fitted = fitted
        self._heard = Tally()
        self._now: Router = fitted

    @property
    def version(self) -> str:
        """Of the artifact, and of what was heard where anything was."""
        return self._now.version

    @property
    def is_slow(self) -> bool:
        """As the fitted router."""
        return self._now.is_slow

    @property
    def embedder(self) -> Embedder | None:
        """What the fitted router reads prompts by."""
        return embedder_in(self._fitted)

    def hear(self, tally: Tally) -> None:
        """Route by these counts from now on, in the place of those heard before."""
        if tally != self._heard:
            self._now = self._fitted.corrected(tally)
            self._heard = tally

    def route(self, prompts: Prompts) -> list[Route]:
        """As the router it stands for."""
        return self._now.route(prompts)
