"""The entry of compositions that split a question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from orchestrator.prompts.roles import Role
from orchestrator.registry.composition_entry import TEMPERATURE, AnswerKind, CompositionEntry
from orchestrator.registry.fields import Id
from orchestrator.registry.router_entry import At

#: Samples of a first attempt that are compared where the entry does not say.
_COMPARED = 3


class DecomposeComposition(CompositionEntry):
    """Splits a question whose first attempt is unsure, and asks an expert for each part."""

    roles: ClassVar[tuple[Role, ...]] = ("decompose", "solve")

    kind: Literal["decompose"] = Field(description="The program.")
    router: Id = Field(description="Router that chooses the expert, of the whole and of each part.")
    decomposer: Id = Field(description="Expert or composition that splits the question.")
    unsure: Literal["agreement", "confidence", "always"] = Field(
        "agreement", description="What tells a sure attempt, which is then the answer."
    )
    tau: float = Field(
        0.6,
        gt=0,
        le=1,
        description="Agreement: share of answers that are the same; confidence: mean probability "
        "of a token. An attempt that reaches it is sure.",
    )
    samples: int | None = Field(
        None, ge=1, le=64, description="Answers of the first attempt; 3 where they are compared."
    )
    temperature: float = Field(0.7, ge=0, le=2, description=TEMPERATURE)
    answers: AnswerKind = Field("text", description="What answers are compared as.")
    max_questions: int = Field(
        6, ge=2, le=8, description="Sub-questions that are asked; more are not followed."
    )
    finish: Literal["last", "solver"] = Field(
        "last", description="Who answers: the last sub-question's expert, or a solver of all."
    )
    solver: Id | None = Field(
        None, description="Expert or composition that solves; the expert of the whole if none."
    )

    @property
    def num_samples(self) -> int:
        """Answers of the first attempt."""
        return self.samples or (_COMPARED if self.unsure == "agreement" else 1)

    def asked_models(self) -> Iterator[tuple[At, str]]:
        """Where the entry names who is to answer, an expert or a composition, and its id."""
        yield ("decomposer",), self.decomposer
        if self.solver is not None:
            yield ("solver",), self.solver

    @model_validator(mode="after")
    def _is_of_a_piece(self) -> Self:
        if self.unsure == "agreement" and self.num_samples < 2:
            raise ValueError("one answer agrees with nobody: ask for more samples")
        if self.unsure != "agreement" and self.num_samples > 1:
            raise ValueError(f"unsure: {self.unsure} takes one answer: leave `samples` out")
        if self.solver is not None and self.finish != "solver":
            raise ValueError("a solver is asked with `finish: solver` alone: say that as well")
        return self
