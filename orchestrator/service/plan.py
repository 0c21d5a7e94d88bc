"""What a generation needs of the slots."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.residency.limits import LoopLimits
from orchestrator.service.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a generation needs of the slots."""

    number: int
    #: Of a proposed generation: with what is live until then.
    layout: Layout
    limits: LoopLimits
    #: Whether homes are chosen by what was asked lately.
    has_homes: bool = False
