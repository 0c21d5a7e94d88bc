"""The entry of cascades."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from orchestrator.prompts.roles import Role
from orchestrator.registry.composition_entry import TEMPERATURE, AnswerKind, CompositionEntry
from orchestrator.registry.fields import Id
from orchestrator.registry.fitted_entry import At

#: Answers of each cheap expert that are compared where the entry does not say.
_COMPARED = 3


class CascadeComposition(CompositionEntry):
    """Asks cheap experts, and a strong one where they are not sure (arXiv:2310.03094)."""

    roles: ClassVar[tuple[Role, ...]] = ("filter_choices", "prior_knowledge", "with_knowledge")

    kind: Literal["cascade"] = Field(description="The program.")
    cheap: tuple[Id, ...] = Field(
        min_length=1,
        max_length=16,
        description="Experts or compositions that are asked first, best first.",
    )
    strong: Id = Field(
        description="Expert or composition that is asked where they are not sure; another cascade "
        "makes more levels."
    )
    accept: Literal["agreement", "confidence"] = Field(
        "agreement", description="What tells a sure answer: its like among several, or its words."
    )
    tau: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Agreement: share of answers that are the same; confidence: mean probability "
        "of a token. An answer that reaches it is taken; required without `artifact`.",
    )
    artifact: str | None = Field(
        None, description="Folder of `orchestrator fit cascade` that holds tau."
    )
    samples: int | None = Field(
        None, ge=1, le=64, description="Answers of each cheap expert; 3 where they are compared."
    )
    temperature: float = Field(0.7, ge=0, le=2, description=TEMPERATURE)
    answers: AnswerKind = Field("text", description="What answers are compared as.")
    escalate: Literal["plain", "filter_choices", "prior_knowledge", "both"] = Field(
        "plain",
        description="How the strong one is asked: as the caller did, without the options that "
        "nobody chose, with what it says one has to know, or both.",
    )

    @property
    def num_samples(self) -> int:
        """Answers of each cheap expert."""
        return self.samples or (_COMPARED if self.accept == "agreement" else 1)

    @property
    def num_answers(self) -> int:
        """Answers of all cheap experts together."""
        return self.num_samples * len(self.cheap)

    def asked_models(self) -> Iterator[tuple[At, str]]:
        """Where the entry names who is to answer, an expert or a composition, and its id."""
        for at, name in enumerate(self.cheap):
            yield ("cheap", at), name
        yield ("strong",), self.strong

    @model_validator(mode="after")
    def _is_of_a_piece(self) -> Self:
        if (self.tau is None) == (self.artifact is None):
            raise ValueError("give either tau or the artifact that holds it")
        if self.accept == "agreement" and self.num_answers < 2:
            raise ValueError("one answer agrees with nobody: ask for more samples or more experts")
        if self.accept == "confidence" and self.num_answers > 1:
            raise ValueError("the confidence is that of one answer: one cheap expert, no `samples`")
        if self.num_answers < 2 and self.escalate in ("filter_choices", "both"):
            raise ValueError("one answer rules no option out: say escalate: prior_knowledge")
        return self
