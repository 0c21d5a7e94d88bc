"""The entry of compositions that elect an answer by how likely its words were."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from orchestrator.registry.composition_answers import AnswersEntry
from orchestrator.registry.composition_entry import MIN_ANSWERS, TEMPERATURE


class RpcComposition(AnswersEntry):
    """Perplexity consistency with pruned samples (RPC, arXiv:2502.00511)."""

    kind: Literal["rpc"] = Field(description="The program.")
    samples: int = Field(8, ge=1, le=64, description="Answers of each expert that is asked.")
    experts: int = Field(1, ge=1, le=16, description="Most experts that are asked.")
    temperature: float = Field(0.7, ge=0, le=2, description=TEMPERATURE)
    min_answers: int = Field(1, ge=1, description=MIN_ANSWERS)
