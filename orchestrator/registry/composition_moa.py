"""Entries of compositions in which one expert writes the answer from those of several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from orchestrator.prompts.roles import Role
from orchestrator.registry.composition_entry import (
    MIN_ANSWERS,
    OVERFLOW,
    TEMPERATURE,
    CompositionEntry,
    Overflow,
)
from orchestrator.registry.fields import Id
from orchestrator.registry.router_entry import At


class MergedEntry(CompositionEntry):
    """What kinds have in common in which one expert writes the answer."""

    roles: ClassVar[tuple[Role, ...]] = ("synthesise", "summarise")

    if TYPE_CHECKING:
        # A field of each kind, at its own place in the schema, which fields of a base are not.
        aggregator: Id | None

    def asked_models(self) -> Iterator[tuple[At, str]]:
        """Where the entry names who is to answer, an expert or a composition, and its id."""
        if self.aggregator is not None:
            yield ("aggregator",), self.aggregator


class SymbolicMoeComposition(MergedEntry):
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
    mix_within: float | None = Field(
        None,
        ge=0,
        le=100,
        description="Of a router that recruits nobody by skills: points behind its best within "
        "which others answer as well. Without it its next best do.",
    )
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
        yield from super().asked_models()


class SelfMoaSeqComposition(MergedEntry):
    """Merges samples of the best expert by a window that slides over them (2502.00674)."""

    kind: Literal["self_moa_seq"] = Field(description="The program.")
    router: Id = Field(description="Router that chooses the expert.")
    samples: int = Field(12, ge=2, le=256, description="Answers of the expert that are merged.")
    window: int = Field(6, ge=2, le=64, description="Candidates that the aggregator reads at once.")
    slots: int = Field(
        3, ge=1, le=63, description="Of the window, those that repeat what it wrote before."
    )
    temperature: float = Field(0.7, ge=0, le=2, description=TEMPERATURE)
    aggregator: Id | None = Field(
        None, description="Expert that writes the answer; the one that sampled if none."
    )
    overflow: Overflow = Field("drop", description=OVERFLOW)
    min_answers: int = Field(1, ge=1, description=MIN_ANSWERS)

    @model_validator(mode="after")
    def _has_room_for_samples(self) -> Self:
        if self.slots >= self.window:
            raise ValueError(
                f"a window of {self.window} has no room for samples beside {self.slots} slots: "
                "take fewer slots or a wider window"
            )
        return self


class MoaComposition(MergedEntry):
    """Has several propose, layer by layer, and one write the answer (2406.04692)."""

    kind: Literal["moa"] = Field(description="The program.")
    proposers: tuple[Id, ...] = Field(
        (),
        max_length=16,
        description="Who proposes, experts or compositions, best first; the router's best if none.",
    )
    router: Id | None = Field(None, description="Router that chooses who proposes.")
    experts: int = Field(3, ge=1, le=16, description="Most experts of the router that propose.")
    mix_within: float | None = Field(
        None,
        ge=0,
        le=100,
        description="Points behind the router's best within which experts propose; the best "
        "answers alone where nobody is. Without it whoever is chosen proposes.",
    )
    layers: int = Field(
        1, ge=1, le=4, description="Layers of proposers; later ones read what the former wrote."
    )
    temperature: float = Field(0.7, ge=0, le=2, description=TEMPERATURE)
    aggregator: Id | None = Field(
        None, description="Expert that writes the answer; the first that proposed if none."
    )
    overflow: Overflow = Field("drop", description=OVERFLOW)
    min_answers: int = Field(1, ge=1, description=MIN_ANSWERS)

    def asked_models(self) -> Iterator[tuple[At, str]]:
        """Where the entry names who is to answer, an expert or a composition, and its id."""
        for at, name in enumerate(self.proposers):
            yield ("proposers", at), name
        yield from super().asked_models()

    @model_validator(mode="after")
    def _says_who_proposes(self) -> Self:
        if bool(self.proposers) == (self.router is not None):
            raise ValueError("name who proposes, by `proposers` or by a `router`: one of the two")
        if self.mix_within is not None and self.router is None:
            raise ValueError("`mix_within` goes by the scores of a router: name one")
        return self
