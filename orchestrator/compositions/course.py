"""What all calls of one request share, however deep compositions are nested in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.compositions.ledger import Ledger
from orchestrator.compositions.progress import Board
from orchestrator.engines.retries import Retries
from orchestrator.routing.limits import Limits
from orchestrator.tracing.spans import UNTRACED, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One request on its way; a composition inside it has one of its own, within it."""

    ledger: Ledger
    #: Further tries of all its calls together, by whatever layer.
    retries: Retries
    #: Where stages say how far they are; `None` where nobody reads along.
    board: Board | None = None
    #: Names of the stages that it is a part of, outermost first.
    path: tuple[str, ...] = ()
    #: What its stages and calls are pieces of.
    span: Span = UNTRACED

    def within(self, limits: Limits) -> Course:
        """The same with an account of its own."""
        return replace(self, ledger=self.ledger.within(limits))

    def at(self, stage: str) -> Course:
        """What a call of a stage is told that is itself made of several."""
        return replace(self, path=(*self.path, stage))
