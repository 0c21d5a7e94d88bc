"""Routers as the registry names them: one entry a kind, and what each refers to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from orchestrator.registry.fields import Id
from orchestrator.registry.router_answered import BlendRouter, NeighboursRouter, RecallRouter
from orchestrator.registry.router_entry import At, RouterEntry
from orchestrator.registry.router_languages import LanguageRouter
from orchestrator.registry.router_rules import RulesRouter
from orchestrator.registry.router_skill import SkillRouter


class CategoryRouter(RouterEntry):
    """Chooses by the category of the prompt (Composition of Experts, arXiv:2412.01868)."""

    kind: Literal["category"] = Field(description="How it chooses.")
    artifact: str = Field(
        min_length=1,
        description="Folder written by `orchestrator fit category`, relative to this file.",
    )
    fallback: Id = Field(description="Expert for prompts of no known category.")
    embedder: Literal["static", "minilm"] = Field("static", description="How text is embedded.")
    uncovered: Literal["refuse", "fallback"] = Field(
        "refuse",
        description="Where the registry lacks the experts of a category: refuse the file, or have "
        "the fallback answer.",
    )


class SplitRouter(RouterEntry):
    """Gives each router its share of the callers, to compare them on live traffic."""

    kind: Literal["split"] = Field(description="How it chooses.")
    shares: dict[Id, Annotated[float, Field(gt=0)]] = Field(
        min_length=2, description="Router -> its share of the callers; shares need not sum to 1."
    )

    def named_routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names another router, and its id."""
        for name in self.shares:
            yield ("shares", name), name


class ShadowRouter(RouterEntry):
    """Chooses as one router does, and asks others the same beside the answer, to compare them."""

    kind: Literal["shadow"] = Field(description="How it chooses.")
    router: Id = Field(description="Router that decides.")
    shadows: tuple[Id, ...] = Field(
        min_length=1, max_length=8, description="Routers whose choices are only recorded."
    )

    def named_routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names another router, and its id."""
        yield ("router",), self.router
        for number, name in enumerate(self.shadows):
            yield ("shadows", number), name


class TaskRouter(RouterEntry):
    """Takes experts in the order that examples of one task gave them."""

    kind: Literal["task"] = Field(description="How it chooses.")
    experts: dict[Id, Annotated[float, Field(ge=0, le=1)]] = Field(
        min_length=1,
        description="Expert -> what it solves above guessing; the first to take first.",
    )

    def named_experts(self) -> Iterator[tuple[At, str]]:
        """Where the entry names an expert that is to answer, and its id."""
        for name in self.experts:
            yield ("experts", name), name


#: A new kind is listed here, built by `orchestrator/routing/building.py` and shown in experts.yaml.
RouterSpec = Annotated[
    CategoryRouter
    | SplitRouter
    | RulesRouter
    | LanguageRouter
    | NeighboursRouter
    | BlendRouter
    | RecallRouter
    | ShadowRouter
    | TaskRouter
    | SkillRouter,
    Field(discriminator="kind"),
]
