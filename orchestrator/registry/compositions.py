"""Compositions as the registry names them: one entry a kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from orchestrator.registry.composition_answers import AnswersEntry
from orchestrator.registry.composition_cascade import CascadeComposition
from orchestrator.registry.composition_decompose import DecomposeComposition
from orchestrator.registry.composition_ensemble import EnsembleComposition
from orchestrator.registry.composition_entry import (
    MIN_ANSWERS,
    OVERFLOW,
    TEMPERATURE,
    CompositionEntry,
    Overflow,
)
from orchestrator.registry.composition_judged import BestOfNComposition, RankComposition
from orchestrator.registry.composition_moa import (
    MergedEntry,
    MoaComposition,
    SelfMoaSeqComposition,
    SymbolicMoeComposition,
)
from orchestrator.registry.composition_rpc import RpcComposition
from orchestrator.registry.fields import Id


class RouteComposition(CompositionEntry):
    """Asks the one expert its router chooses."""

    kind: Literal["route"] = Field(description="The program.")
    router: Id = Field(description="Router that chooses the expert.")
    quality_slack: float = Field(
        0.0,
        ge=0,
        le=100,
        description="Score given up for an answer that comes sooner, points of a hundred.",
    )
    fallbacks: int = Field(
        0, ge=0, le=16, description="Further experts to try while nothing was answered."
    )


class VoteComposition(AnswersEntry):
    """Asks several times, and answers with what most say (self-consistency, arXiv:2203.11171)."""

    kind: Literal["vote"] = Field(description="The program.")
    samples: int = Field(5, ge=1, le=64, description="Answers of each expert that is asked.")
    experts: int = Field(1, ge=1, le=16, description="Most experts that are asked.")
    temperature: float = Field(0.7, ge=0, le=2, description=TEMPERATURE)
    weigh: Literal["equal", "score"] = Field(
        "equal", description="Whether votes count alike, or by the router's scores."
    )
    num_options: int = Field(
        10, ge=2, description="Answers a question may have; 10 stands for open ones."
    )
    in_turn: bool = Field(
        False, description="Ask one after another, and stop once the answer is sure or decided."
    )
    confidence: float = Field(
        0.95, gt=0, le=1, description="In turn: chance of the leading answer that is enough."
    )
    min_answers: int = Field(1, ge=1, description=MIN_ANSWERS)


class SelfMoaComposition(MergedEntry):
    """Has the best expert answer several times, and one write the answer of all (2502.00674)."""

    kind: Literal["self_moa"] = Field(description="The program.")
    router: Id = Field(description="Router that chooses the expert.")
    samples: int = Field(6, ge=2, le=64, description="Answers of the expert that are merged.")
    temperature: float = Field(0.7, ge=0, le=2, description=TEMPERATURE)
    aggregator: Id | None = Field(
        None, description="Expert that writes the answer; the one that sampled if none."
    )
    overflow: Overflow = Field("drop", description=OVERFLOW)
    min_answers: int = Field(1, ge=1, description=MIN_ANSWERS)


#: A new kind is listed here, built by `orchestrator/compositions/building.py` and shown in
#: experts.yaml.
CompositionSpec = Annotated[
    RouteComposition
    | VoteComposition
    | SelfMoaComposition
    | SymbolicMoeComposition
    | SelfMoaSeqComposition
    | MoaComposition
    | CascadeComposition
    | BestOfNComposition
    | RankComposition
    | RpcComposition
    | EnsembleComposition
    | DecomposeComposition,
    Field(discriminator="kind"),
]
