"""Compositions whose judges choose among answers: `best_of_n`, `rank`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from orchestrator.prompts.roles import Role
from orchestrator.registry.composition_entry import MIN_ANSWERS, TEMPERATURE, CompositionEntry
from orchestrator.registry.fields import Entry, Id
from orchestrator.registry.router_entry import At

#: A judge that thinks aloud needs room for it.
_VERDICT_TOKENS = "Longest reply of a judge, tokens."
_MAX_JUDGES = 16


class ScoreJudge(Entry):
    """Says how likely an answer is right."""

    kind: Literal["score"] = Field(description="What its verdict is.")
    expert: Id = Field(description="Expert or composition that judges.")


class ConstraintJudge(Entry):
    """Says whether an answer keeps to a criterion."""

    kind: Literal["constraint"] = Field(description="What its verdict is.")
    expert: Id = Field(description="Expert or composition that judges.")
    criterion: str = Field(
        min_length=1, max_length=2000, description="What an answer has to keep to, in words."
    )


#: How answers are compared.
How = Literal["pairwise", "listwise"]
JudgeSpec = Annotated[ScoreJudge | ConstraintJudge, Field(discriminator="kind")]


class JudgedComposition(CompositionEntry, ABC):
    """What kinds have in common that gather answers and have judges choose one."""

    router: Id | None = Field(
        None, description="Router that chooses the expert, or recruits several."
    )
    proposers: tuple[Id, ...] = Field(
        (), max_length=16, description="Experts or compositions that answer, in place of a router."
    )
    experts: int = Field(1, ge=1, le=16, description="Most experts of the router that are asked.")
    samples: int = Field(5, ge=1, le=64, description="Answers of each that is asked.")
    temperature: float = Field(0.7, ge=0, le=2, description=TEMPERATURE)
    min_answers: int = Field(1, ge=1, description=MIN_ANSWERS)
    verdict_tokens: int = Field(16, ge=1, description=_VERDICT_TOKENS)

    @abstractmethod
    def judge_ids(self) -> tuple[str, ...]:
        """Those that judge, each once, in order."""

    def asked_models(self) -> Iterator[tuple[At, str]]:
        """Where the entry names who is to answer, an expert or a composition, and its id."""
        for at, name in enumerate(self.proposers):
            yield ("proposers", at), name

    @model_validator(mode="after")
    def _says_who_answers(self) -> Self:
        if (self.router is None) == (not self.proposers):
            raise ValueError("name a router or proposers, one of the two")
        if self.proposers and self.experts > 1:
            raise ValueError("'experts' counts those of a router; every proposer is asked")
        if self.samples * max(self.experts, len(self.proposers)) < 2:
            raise ValueError("one answer needs no judge: ask for more samples or more experts")
        return self


class BestOfNComposition(JudgedComposition):
    """Has judges look at each of several answers, constraints first, scores second (2409.20370)."""

    roles: ClassVar[tuple[Role, ...]] = ("judge", "constraint")

    kind: Literal["best_of_n"] = Field(description="The program.")
    judges: tuple[JudgeSpec, ...] = Field(
        min_length=1, max_length=_MAX_JUDGES, description="Who judges, and what for."
    )

    def judge_ids(self) -> tuple[str, ...]:
        """Those that judge, each once, in order."""
        return tuple(dict.fromkeys(judge.expert for judge in self.judges))

    def asked_models(self) -> Iterator[tuple[At, str]]:
        """Where the entry names who is to answer, an expert or a composition, and its id."""
        yield from super().asked_models()
        for at, judge in enumerate(self.judges):
            yield ("judges", at, "expert"), judge.expert


class RankComposition(JudgedComposition):
    """Has judges compare several answers with each other, in both orders."""

    roles: ClassVar[tuple[Role, ...]] = ("compare", "rank")

    kind: Literal["rank"] = Field(description="The program.")
    judges: tuple[Id, ...] = Field(
        min_length=1, max_length=_MAX_JUDGES, description="Experts or compositions that compare."
    )
    how: How = Field("pairwise", description="Two answers a call, or all of them in one.")
    rounds: int | None = Field(
        None, ge=1, description="Pairwise: others that each answer meets at most; all if none."
    )

    def judge_ids(self) -> tuple[str, ...]:
        """Those that judge, each once, in order."""
        return tuple(dict.fromkeys(self.judges))

    def asked_models(self) -> Iterator[tuple[At, str]]:
        """Where the entry names who is to answer, an expert or a composition, and its id."""
        yield from super().asked_models()
        for at, judge in enumerate(self.judges):
            yield ("judges", at), judge

    @model_validator(mode="after")
    def _has_rounds_of_pairs(self) -> Self:
        if self.how == "listwise" and self.rounds is not None:
            raise ValueError("'rounds' are of pairs: leave it out, or say how: pairwise")
        return self
