"""Compositions as the registry names them: one entry a kind, and what all of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from orchestrator.prompts.roles import Role
from orchestrator.registry.fields import Entry, Id
from orchestrator.registry.router_entry import At
from orchestrator.registry.selectors import SelectorText

_EXPERT = "expert:"


class LimitsEntry(Entry):
    """Which experts may take part in an answer, and what it may cost."""

    include: tuple[SelectorText, ...] = Field(
        (), description="Only experts that one of these means: tag:, license:, owner:, expert:."
    )
    exclude: tuple[SelectorText, ...] = Field(
        (), description="No expert that one of these means, whatever it would do."
    )
    max_price_usd: float | None = Field(None, gt=0, description="Most a request may cost, USD.")
    max_latency_s: float | None = Field(
        None, gt=0, description="Latest expected end of an answer, seconds."
    )
    max_energy_j: float | None = Field(None, gt=0, description="Most energy of a request, joules.")


class CompositionEntry(Entry):
    """What compositions of every kind have."""

    #: Those that compositions of this kind give to experts.
    roles: ClassVar[tuple[Role, ...]] = ()

    max_wait_s: float | None = Field(
        None, gt=0, description="Longest wait for an expert's turn, seconds; the defaults' if none."
    )
    limits: LimitsEntry = Field(
        LimitsEntry(), description="What binds every expert it asks; requests can only tighten it."
    )
    prompts: dict[Role, str] = Field(
        default_factory=dict,
        description="Files of prompts in place of the shipped ones, by role.",
    )

    def with_prompts(self, absolute: Callable[[str], str]) -> Self:
        """The entry with other names for its files of prompts."""
        found = {role: absolute(file) for role, file in self.prompts.items()}
        return self.model_copy(update={"prompts": found})

    def asked_experts(self) -> Iterator[tuple[At, str]]:
        """Where the entry names an expert that is to answer, and its id."""
        yield from ()

    def named_experts(self) -> Iterator[tuple[At, str]]:
        """Where the entry names an expert, and its id."""
        yield from self.asked_experts()
        for key in ("include", "exclude"):
            for at, text in enumerate(getattr(self.limits, key)):
                if text.startswith(_EXPERT):
                    yield ("limits", key, at), text.removeprefix(_EXPERT)

    def named_routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names a router, and its id."""
        router: str | None = getattr(self, "router", None)
        if router is not None:
            yield ("router",), router


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


#: What an answer is: how two that mean the same are known to agree (`routers/answers.py`).
AnswerKind = Literal["number", "option", "boolean", "set", "latex", "code", "json", "text"]
#: What becomes of candidates that an aggregator's context has no room for.
Overflow = Literal["drop", "summarise"]
_OVERFLOW = "What becomes of candidates that the aggregator's context has no room for."
_TEMPERATURE = "What samples are drawn at, 0 to 2, whatever the caller sends."


class VoteComposition(CompositionEntry):
    """Asks several times, and answers with what most say (self-consistency, arXiv:2203.11171)."""

    kind: Literal["vote"] = Field(description="The program.")
    router: Id = Field(description="Router that chooses the expert, or recruits several.")
    samples: int = Field(5, ge=1, le=64, description="Answers of each expert that is asked.")
    experts: int = Field(1, ge=1, le=16, description="Most experts that are asked.")
    temperature: float = Field(0.7, ge=0, le=2, description=_TEMPERATURE)
    answers: AnswerKind = Field("text", description="What answers are compared as.")
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
    min_answers: int = Field(
        1, ge=1, description="Answers without which the request fails; others may be missing."
    )


class SelfMoaComposition(CompositionEntry):
    """Has the best expert answer several times, and one write the answer of all (2502.00674)."""

    roles: ClassVar[tuple[Role, ...]] = ("synthesise", "summarise")

    kind: Literal["self_moa"] = Field(description="The program.")
    router: Id = Field(description="Router that chooses the expert.")
    samples: int = Field(6, ge=2, le=64, description="Answers of the expert that are merged.")
    temperature: float = Field(0.7, ge=0, le=2, description=_TEMPERATURE)
    aggregator: Id | None = Field(
        None, description="Expert that writes the answer; the one that sampled if none."
    )
    overflow: Overflow = Field("drop", description=_OVERFLOW)
    min_answers: int = Field(
        1, ge=1, description="Answers without which the request fails; others may be missing."
    )

    def asked_experts(self) -> Iterator[tuple[At, str]]:
        """Where the entry names an expert that is to answer, and its id."""
        if self.aggregator is not None:
            yield ("aggregator",), self.aggregator


class CascadeComposition(CompositionEntry):
    """Asks cheap experts, and a strong one where they do not agree (arXiv:2310.03094)."""

    kind: Literal["cascade"] = Field(description="The program.")
    cheap: tuple[Id, ...] = Field(
        min_length=1, max_length=16, description="Experts that are asked first, best first."
    )
    strong: Id = Field(description="Expert that is asked where their answers do not agree.")
    samples: int = Field(3, ge=1, le=64, description="Answers of each cheap expert.")
    tau: float = Field(
        gt=0, le=1, description="Share of their answers that must agree; `fit cascade` finds it."
    )
    temperature: float = Field(0.7, ge=0, le=2, description=_TEMPERATURE)
    answers: AnswerKind = Field("text", description="What answers are compared as.")

    def asked_experts(self) -> Iterator[tuple[At, str]]:
        """Where the entry names an expert that is to answer, and its id."""
        for at, name in enumerate(self.cheap):
            yield ("cheap", at), name
        yield ("strong",), self.strong

    @model_validator(mode="after")
    def _has_answers_to_compare(self) -> Self:
        if self.samples * len(self.cheap) < 2:
            raise ValueError("one answer agrees with nobody: ask for more samples or more experts")
        return self


#: A new kind is listed here, built by `orchestrator/compositions/building.py` and shown in
#: experts.yaml.
CompositionSpec = Annotated[
    RouteComposition | VoteComposition | SelfMoaComposition | CascadeComposition,
    Field(discriminator="kind"),
]
