"""The entry of compositions that weigh experts' answers by the domain posterior."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from orchestrator.registry.composition_answers import AnswersEntry
from orchestrator.registry.composition_entry import MIN_ANSWERS


class EnsembleComposition(AnswersEntry):
    """Asks the likeliest experts once, and weighs their answers by how likely (2208.03306)."""

    kind: Literal["ensemble"] = Field(description="The program.")
    experts: int = Field(3, ge=1, le=16, description="Most experts that are asked.")
    sharpness: float = Field(
        1.0,
        gt=0,
        le=100,
        description="Power of the router's scores that weighs: 1 by shares, more for the best.",
    )
    floor: float = Field(
        0.0, ge=0, lt=1, description="Share of the weight below which an expert is not asked."
    )
    min_answers: int = Field(1, ge=1, description=MIN_ANSWERS)
