"""What entries of compositions of every kind have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, Literal, Self

from pydantic import Field

from orchestrator.prompts.roles import Role
from orchestrator.registry.fields import Entry
from orchestrator.registry.fitted_entry import At, FittedEntry
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
    max_calls: int | None = Field(
        None, ge=1, description="Most calls of experts of a request; the defaults' if none."
    )
    max_total_tokens: int | None = Field(
        None, ge=1, description="Most tokens that all calls of a request read and write."
    )


class CompositionEntry(FittedEntry):
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

    def asked_models(self) -> Iterator[tuple[At, str]]:
        """Where the entry names who is to answer, an expert or a composition, and its id."""
        yield from ()

    def named_experts(self) -> Iterator[tuple[At, str]]:
        """Where the entry names an expert that is to answer or not, and its id."""
        for key in ("include", "exclude"):
            for at, text in enumerate(getattr(self.limits, key)):
                if text.startswith(_EXPERT):
                    yield ("limits", key, at), text.removeprefix(_EXPERT)

    def named_routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names a router, and its id."""
        router: str | None = getattr(self, "router", None)
        if router is not None:
            yield ("router",), router


#: What an answer is: how two that mean the same are known to agree (`routers/answers.py`).
AnswerKind = Literal["number", "option", "boolean", "set", "latex", "code", "json", "text"]
#: What becomes of candidates that an aggregator's context has no room for.
Overflow = Literal["drop", "summarise"]
OVERFLOW = "What becomes of candidates that the aggregator's context has no room for."
TEMPERATURE = "What samples are drawn at, 0 to 2, whatever the caller sends."
MIN_ANSWERS = "Answers without which the request fails; others may be missing."
