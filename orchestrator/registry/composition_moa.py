"""Entries of compositions in which one expert writes the answer from those of several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from orchestrator.prompts.roles import Role
from orchestrator.registry.composition_entry import (
    MIN_ANSWERS,
    OVERFLOW,
    CompositionEntry,
    Overflow,
)
from orchestrator.registry.fields import Id
from orchestrator.registry.router_entry import At


class SymbolicMoeComposition(CompositionEntry):
    """Recruits experts by the skills of a question, and has one merge them (2503.05641)."""

    roles: ClassVar[tuple[Role, ...]] = ("skills", "synthesise", "summarise")

    kind: Literal["symbolic_moe"] = Field(description="The program.")
    router: Id = Field(description="Router that recruits, of kind skill or made of such.")
    namer: Id | None = Field(
        None,
        description="Expert that names the skills of texts that nobody has named; nobody if none.",
    )
    naming_samples: int = Field(5, ge=2, le=64, description="Answers of the namer; two agree.")
    naming_temperature: float = Field(
        0.7, ge=0, le=2, description="What skills are named at, 0 to 2."
    )
    experts: int = Field(3, ge=1, le=16, description="Most experts that are asked.")
    aggregator: Id | None = Field(
        None,
        description="Expert that writes the answer; the one that the router's artifact names, or "
        "the first that answered, if none.",
    )
    temperature: float = Field(
        0.7,
        ge=0,
        le=2,
        description="What the aggregator writes at, and who answers more than once, 0 to 2.",
    )
    overflow: Overflow = Field("drop", description=OVERFLOW)
    min_answers: int = Field(1, ge=1, description=MIN_ANSWERS)

    def asked_models(self) -> Iterator[tuple[At, str]]:
        """Where the entry names who is to answer, an expert or a composition, and its id."""
        if self.namer is not None:
            yield ("namer",), self.namer
        if self.aggregator is not None:
            yield ("aggregator",), self.aggregator
